// Where serial puts what its tasks read and write.
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "executors/executor.hpp"
#include "footprint.hpp"

namespace mpmt::tests {
namespace {

constexpr std::uintptr_t kPage = 4096;

/// Where in a page a task's input and output begin, and that they are apart.
struct Seen {
  std::uintptr_t in = 0;
  std::uintptr_t out = 0;
  bool apart = false;
};

class Looking final : public workloads::Fixture {
 public:
  explicit Looking(Seen& seen) : seen_(seen) {}
  std::unique_ptr<workloads::Session> open(int) override { return std::make_unique<LookingSession>(seen_); }
  std::uint64_t expected_sum(workloads::TaskRange) const override { return 0; }

 private:
  class LookingSession final : public workloads::Session {
   public:
    explicit LookingSession(Seen& seen) : seen_(seen) {}
    std::uint64_t run(workloads::TaskRange, std::span<const std::byte> in, std::span<std::byte> out) override {
      const auto place = [](const std::byte* byte) { return reinterpret_cast<std::uintptr_t>(byte); };
      seen_ = {place(in.data()) % kPage, place(out.data()) % kPage,
               place(in.data()) + in.size() <= place(out.data()) && in.size() == out.size()};
      return 0;
    }

   private:
    Seen& seen_;
  };

  Seen& seen_;
};

TEST(Serial, payloads_lie_alike_in_every_trial_whatever_the_heap_holds) {
  const auto& serial = *executors::ExecutorCatalog::instance().find("serial");
  std::vector<std::unique_ptr<char[]>> heap;
  for (const std::size_t bytes : {1, 64, 2048, 4096, 5000, 65'536}) {
    for (std::size_t hole = 16; hole < kPage; hole = hole * 3 + 16) {
      heap.push_back(std::make_unique<char[]>(hole));
      Seen seen;
      Looking fixture(seen);
      executors::Config config;
      config.payload_bytes = bytes;
      config.placement = executors::Placement::free;
      config.cpus = {0};
      ASSERT_EQ(serial.start(fixture, config, soon())->run({1}, soon()).status, executors::Status::ok);
      EXPECT_EQ(seen.in, 0U) << bytes;
      EXPECT_EQ(seen.out, kPage / 2) << bytes;
      EXPECT_TRUE(seen.apart) << bytes;
    }
  }
}

}  // namespace
}  // namespace mpmt::tests
