// Executors with every channel that they can use, and workloads made up for a test.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "base/cpus.hpp"
#include "executors/linked_pool.hpp"
#include "footprint.hpp"

namespace mpmt::tests {

/// An executor with a channel that it can use; without one when it has no links.
struct PoolKind {
  const executors::Description* executor = nullptr;
  const ipc::Description* channel = nullptr;

  std::string name() const {
    return text(executor->name, channel == nullptr ? "" : "_on_", channel == nullptr ? "" : channel->name);
  }
  friend std::ostream& operator<<(std::ostream& out, const PoolKind& kind) { return out << kind.name(); }
};

/// All of the catalogues whose workers, if there are any, live as `sides` says.
inline std::vector<PoolKind> pool_kinds(ipc::Sides sides) {
  std::vector<PoolKind> kinds;
  for (const auto& executor : executors::ExecutorCatalog::instance().all()) {
    if (executor.sides != sides) continue;
    if (!executor.uses_channel) kinds.push_back({&executor, nullptr});
    for (const auto& channel : ipc::ChannelCatalog::instance().all()) {
      const bool usable = sides == ipc::Sides::threads ? channel.between_threads : channel.between_processes;
      if (executor.uses_channel && usable) kinds.push_back({&executor, &channel});
    }
  }
  return kinds;
}

inline std::string name_of(const ::testing::TestParamInfo<PoolKind>& kind) {
  return kind.param.name();
}

/// A workload whose task is a function of its index. Sums need not be right: `expected_sum` is not used.
class MadeUp final : public workloads::Fixture {
 public:
  using Task = std::function<std::uint64_t(std::uint64_t)>;
  explicit MadeUp(
      Task task, std::function<void(int)> on_open = [](int) {})
      : task_(std::move(task)), on_open_(std::move(on_open)) {}

  std::unique_ptr<workloads::Session> open(int worker) override {
    on_open_(worker);
    return std::make_unique<MadeUpSession>(task_);
  }
  std::uint64_t expected_sum(workloads::TaskRange) const override { return 0; }

 private:
  class MadeUpSession final : public workloads::Session {
   public:
    explicit MadeUpSession(const Task& task) : task_(task) {}
    std::uint64_t run(workloads::TaskRange tasks, std::span<const std::byte>, std::span<std::byte>) override {
      std::uint64_t sum = 0;
      for (std::uint64_t k = 0; k < tasks.count; ++k) sum += task_(tasks.first + k);
      return sum;
    }

   private:
    const Task& task_;
  };

  Task task_;
  std::function<void(int)> on_open_;
};

/// A suite over pool kinds.
class PoolTest : public ::testing::TestWithParam<PoolKind> {
 protected:
  executors::Config config() const {
    executors::Config made;
    made.channel = GetParam().channel;
    made.workers = linked() ? 2 : 1;
    made.window = linked() ? 4 : 1;
    made.cpus = usable_cpus().cpus;
    return made;
  }
  bool linked() const { return GetParam().executor->uses_channel; }
  std::unique_ptr<executors::Executor> start(workloads::Fixture& fixture, const executors::Config& config) const {
    return GetParam().executor->start(fixture, config, soon());
  }
};

inline std::string described(const executors::Outcome& outcome) {
  return text("status ", static_cast<int>(outcome.status), ": ", outcome.error);
}

}  // namespace mpmt::tests
