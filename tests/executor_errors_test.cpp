// What every executor says when something is wrong, over the catalogue and every channel that it can use.
#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>

#include "pool_case.hpp"

namespace mpmt::tests {
namespace {

using executors::Config;
using executors::Status;

class EveryExecutorsErrors : public PoolTest {};

TEST_P(EveryExecutorsErrors, impossible_configurations_are_refused_and_start_nothing) {
  MadeUp fixture([](std::uint64_t) { return 1; }, [](int) { FAIL() << "a session was opened"; });
  const Footprint before;
  const auto refused = [&](const char* what, const std::function<void(Config&)>& spoil) {
    auto made = config();
    spoil(made);
    try {
      start(fixture, made);
      FAIL() << what << " was accepted";
    } catch (const std::invalid_argument& refusal) {
      EXPECT_NE(std::string(refusal.what()).find(what), std::string::npos) << refusal.what();
    }
    EXPECT_EQ(footprint_after(before), before) << what;
  };
  refused("workers", [](Config& c) { c.workers = 0; });
  refused("workers", [](Config& c) { c.workers = -1; });
  refused("batch", [](Config& c) { c.batch = 0; });
  refused("window", [](Config& c) { c.window = 0; });
  refused("cpus", [](Config& c) { c.cpus.clear(); });
  if (linked()) refused("channel", [](Config& c) { c.channel = nullptr; });
}

TEST_P(EveryExecutorsErrors, a_failing_task_is_an_error_that_names_worker_and_task) {
  MadeUp fixture([](std::uint64_t task) {
    if (task == 7) throw workloads::TaskError(task, "123");
    return task;
  });
  for (const std::uint64_t batch : {1, 4}) {
    auto made = config();
    made.batch = batch;
    const auto executor = start(fixture, made);
    const auto outcome = executor->run({40}, soon());
    EXPECT_EQ(outcome.status, Status::error);
    EXPECT_NE(outcome.error.find("task 7: 123"), std::string::npos) << outcome.error;
    EXPECT_EQ(outcome.error.find("worker ") != std::string::npos, linked()) << outcome.error;
    EXPECT_TRUE(executor->shutdown(soon()));
  }
}

TEST_P(EveryExecutorsErrors, an_exception_that_names_no_task_is_an_error_of_its_batch) {
  MadeUp fixture([](std::uint64_t task) -> std::uint64_t {
    if (task == 7) throw std::runtime_error("123");
    return task;
  });
  auto made = config();
  made.batch = 4;
  const auto executor = start(fixture, made);
  const auto outcome = executor->run({40}, soon());
  EXPECT_EQ(outcome.status, Status::error);
  EXPECT_NE(outcome.error.find("task 4: 123"), std::string::npos) << outcome.error;
}

TEST_P(EveryExecutorsErrors, the_text_of_an_error_may_be_long_or_empty) {
  for (const std::size_t length : {0U, 1U, 10'000U}) {
    MadeUp fixture(
        [&](std::uint64_t task) -> std::uint64_t { throw workloads::TaskError(task, std::string(length, 'x')); });
    const auto executor = start(fixture, config());
    const auto outcome = executor->run({1}, soon());
    EXPECT_EQ(outcome.status, Status::error);
    EXPECT_NE(outcome.error.find("task 0: " + std::string(std::min<std::size_t>(length, 500), 'x')), std::string::npos);
  }
}

TEST_P(EveryExecutorsErrors, a_session_that_cannot_be_opened_fails_the_start_with_its_text) {
  const Footprint before;
  for (int round = 0; round < 20; ++round) {
    for (int culprit = 0; culprit < config().workers; ++culprit) {
      MadeUp fixture([](std::uint64_t) { return 1; },
                     [&](int worker) {
                       if (worker == culprit) throw std::runtime_error("no such thing");
                     });
      try {
        start(fixture, config());
        FAIL() << "it started";
      } catch (const std::exception& failure) {
        const std::string what = failure.what();
        EXPECT_NE(what.find("no such thing"), std::string::npos) << what;
        if (!linked()) continue;
        EXPECT_NE(what.find(text("worker ", culprit)), std::string::npos) << what;
        const auto* const start_failed = dynamic_cast<const executors::StartFailed*>(&failure);
        ASSERT_NE(start_failed, nullptr);
        EXPECT_EQ(start_failed->status, Status::error);
      }
    }
  }
  EXPECT_EQ(footprint_after(before), before);
}

TEST_P(EveryExecutorsErrors, a_request_that_cannot_be_made_fails_the_start_and_leaves_nothing) {
  class Unwilling final : public workloads::Fixture {
   public:
    std::unique_ptr<workloads::Session> open(int worker) override { return willing_.open(worker); }
    std::uint64_t expected_sum(workloads::TaskRange) const override { return 0; }
    void fill_request(std::span<std::byte>) const override { throw std::runtime_error("no data"); }

   private:
    MadeUp willing_{[](std::uint64_t) { return 1; }};
  };
  Unwilling fixture;
  auto made = config();
  made.payload_bytes = 8;
  const Footprint before;
  EXPECT_THROW(start(fixture, made), std::runtime_error);
  EXPECT_EQ(footprint_after(before), before);
}

TEST_P(EveryExecutorsErrors, a_payload_beyond_the_channels_limit_fails_the_start_and_names_the_limit) {
  if (!linked()) return;  // no channel, no limit
  MadeUp fixture([](std::uint64_t) { return 1; });
  auto made = config();
  made.payload_bytes = GetParam().channel->max_payload_bytes + 1;
  const Footprint before;
  try {
    start(fixture, made);
    FAIL() << "it started";
  } catch (const std::length_error& failure) {
    EXPECT_NE(std::string(failure.what()).find(std::to_string(GetParam().channel->max_payload_bytes)),
              std::string::npos)
        << failure.what();
  }
  EXPECT_EQ(footprint_after(before), before);
}

TEST_P(EveryExecutorsErrors, a_wrong_reply_is_noticed_when_it_is_asked_for) {
  class Liar final : public workloads::Fixture {
   public:
    std::unique_ptr<workloads::Session> open(int) override { return std::make_unique<LiarSession>(); }
    std::uint64_t expected_sum(workloads::TaskRange) const override { return 0; }
    bool reply_is_right(workloads::TaskRange, std::span<const std::byte> out) const override {
      return std::all_of(out.begin(), out.end(), [](std::byte b) { return b == std::byte{1}; });
    }

   private:
    class LiarSession final : public workloads::Session {
     public:
      std::uint64_t run(workloads::TaskRange tasks, std::span<const std::byte>, std::span<std::byte> out) override {
        for (auto& byte : out) byte = std::byte{tasks.first == 5 ? std::uint8_t{2} : std::uint8_t{1}};
        return 0;
      }
    };
  };
  Liar fixture;
  auto made = config();
  made.payload_bytes = 8;
  const auto trusting = start(fixture, made)->run({10, false, nullptr}, soon());
  EXPECT_EQ(trusting.status, Status::ok) << trusting.error;
  const auto outcome = start(fixture, made)->run({10, true, nullptr}, soon());
  EXPECT_EQ(outcome.status, Status::wrong_checksum) << outcome.error;
  EXPECT_NE(outcome.error.find('5'), std::string::npos) << outcome.error;
}

INSTANTIATE_TEST_SUITE_P(threads, EveryExecutorsErrors, ::testing::ValuesIn(pool_kinds(ipc::Sides::threads)), name_of);
INSTANTIATE_TEST_SUITE_P(processes, EveryExecutorsErrors, ::testing::ValuesIn(pool_kinds(ipc::Sides::processes)),
                         name_of);

}  // namespace
}  // namespace mpmt::tests
