// What every executor promises (executors/executor.hpp), over the catalogue and every channel that it can use.
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/single_threaded.h>

#include <algorithm>
#include <set>
#include <thread>

#include "base/bell.hpp"
#include "base/child_process.hpp"
#include "cpu_used.hpp"
#include "pool_case.hpp"
#include "scratch_dir.hpp"

namespace mpmt::tests {
namespace {

using executors::Block;
using executors::Config;
using executors::Placement;
using executors::Status;
using executors::Wait;

struct Work {
  const char* workload;
  std::uint64_t grain;
  std::size_t payload_bytes;
};
constexpr Work kWorks[]{{"empty", 1, 0}, {"payload_copy", 1, 100}, {"hash_chain", 50, 0}};

class EveryExecutor : public PoolTest {
 protected:
  std::unique_ptr<workloads::Fixture> prepare(const Work& work) const {
    return workloads::WorkloadCatalog::instance()
        .find(work.workload)
        ->prepare({work.grain, work.payload_bytes, data_dir_.path()});
  }

  /// Null where this machine's limits do not allow such links: not those of the smallest window.
  std::unique_ptr<executors::Executor> start_if_allowed(workloads::Fixture& fixture, const Config& config) const {
    try {
      return start(fixture, config);
    } catch (const ipc::LimitReached& limit) {
      EXPECT_GT(config.window * config.batch, 1U) << limit.what();
      return nullptr;
    }
  }

  /// Blocks of no, one and many tasks.
  void blocks_are_right(Config config, const Work& work) {
    SCOPED_TRACE(text(work.workload, ", workers ", config.workers, ", batch ", config.batch, ", window ", config.window,
                      ", placement ", static_cast<int>(config.placement), ", wait ", static_cast<int>(config.wait)));
    const auto fixture = prepare(work);
    config.payload_bytes = work.payload_bytes;
    const auto executor = start_if_allowed(*fixture, config);
    if (executor == nullptr) return;
    for (const std::uint64_t tasks : {0, 1, 7, 100, 1}) {
      Histogram latency;
      const auto outcome = executor->run({tasks, true, &latency}, soon());
      ASSERT_EQ(outcome.status, Status::ok) << outcome.error;
      const Block& block = outcome.block;
      EXPECT_EQ(block.sum, fixture->expected_sum({0, tasks}));
      EXPECT_EQ(block.tasks, tasks);
      EXPECT_EQ(block.messages, (tasks + config.batch - 1) / config.batch);
      EXPECT_EQ(latency.count(), block.messages);
      EXPECT_TRUE(block.wall_ns > 0 || tasks == 0);
    }
    EXPECT_TRUE(executor->shutdown(soon()));
  }

  ScratchDir data_dir_;
};

TEST_P(EveryExecutor, is_described_in_full) {
  const auto& executor = *GetParam().executor;
  EXPECT_FALSE(executor.summary.empty());
  EXPECT_EQ(executor.summary.find('\n'), std::string_view::npos);
  ASSERT_NE(executor.start, nullptr);
}

TEST_P(EveryExecutor, blocks_give_the_expected_sum_for_any_workers_batch_and_window) {
  int turn = 0;
  for (int workers = 1; workers <= (linked() ? 4 : 1); ++workers) {
    for (const std::uint64_t batch : {1, 3, 64, 1000}) {
      for (const std::size_t window : {1, 2, 64}) {
        auto made = config();
        made.workers = workers;
        made.batch = batch;
        made.window = window;
        blocks_are_right(made, kWorks[turn++ % 3]);
      }
    }
  }
}

TEST_P(EveryExecutor, blocks_give_the_expected_sum_for_any_workload_placement_and_wait) {
  for (const auto& work : kWorks) {
    for (const auto placement : {Placement::same, Placement::spread, Placement::free}) {
      for (const auto wait : {Wait::block, Wait::yield, Wait::spin}) {
        auto made = config();
        made.batch = 10;
        made.placement = placement;
        made.wait = wait;
        blocks_are_right(made, work);
      }
    }
  }
}

TEST_P(EveryExecutor, whom_more_follows_does_not_say_what_it_used) {
  const auto fixture = prepare(kWorks[0]);
  const auto executor = start(*fixture, config());
  for (const bool more_follows : {true, true, false}) {
    const auto outcome = executor->run({.tasks = 100, .more_follows = more_follows}, soon());
    ASSERT_EQ(outcome.status, Status::ok) << outcome.error;
    EXPECT_EQ(outcome.block.sum, fixture->expected_sum({0, 100}));
    EXPECT_EQ(outcome.block.workers.cpu_ns > 0, linked() && !more_follows);
  }
}

TEST_P(EveryExecutor, who_rests_uses_no_cpu_and_works_again_afterwards) {
  const auto fixture = prepare(kWorks[0]);
  std::vector<std::unique_ptr<executors::Executor>> all;
  std::set<pid_t> processes{::getpid()};
  for (const auto wait : {Wait::block, Wait::yield, Wait::spin}) {
    auto made = config();
    made.wait = wait;
    all.push_back(start(*fixture, made));
    ASSERT_EQ(all.back()->run({10}, soon()).status, Status::ok);
    for (const auto& worker : all.back()->workers()) processes.insert(worker.pid);
  }
  EXPECT_LT(cpu_used_by(processes, std::chrono::seconds(1)), allowed_at_rest(all.size()));
  for (const auto& executor : all) {
    EXPECT_EQ(executor->run({100}, soon()).block.sum, fixture->expected_sum({0, 100}));
    EXPECT_TRUE(executor->shutdown(soon()));
    if (linked()) {
      EXPECT_EQ(executor->run({100}, soon()).status, Status::error) << "it has left";
    }
  }
}

TEST_P(EveryExecutor, a_block_that_takes_too_long_is_timed_out_at_the_deadline) {
  const auto fixture = prepare(kWorks[0]);
  for (const auto wait : {Wait::block, Wait::yield, Wait::spin}) {
    auto made = config();
    made.wait = wait;
    const auto executor = start(*fixture, made);
    const Deadline deadline = Clock::now() + std::chrono::milliseconds(50);
    const auto outcome = executor->run({std::uint64_t{1} << 40}, deadline);
    EXPECT_EQ(outcome.status, Status::timed_out) << outcome.error;
    EXPECT_FALSE(outcome.error.empty());
    EXPECT_GE(Clock::now(), deadline);
    EXPECT_LT(Clock::now(), deadline + std::chrono::seconds(5));
    EXPECT_TRUE(executor->shutdown(soon())) << "a worker was not told, or did not leave";
  }
}

/// Its sessions take longer to close than anybody looks for their end without falling asleep.
class SlowToClose final : public workloads::Fixture {
 public:
  std::unique_ptr<workloads::Session> open(int) override { return std::make_unique<SlowSession>(); }
  std::uint64_t expected_sum(workloads::TaskRange) const override { return 0; }

 private:
  class SlowSession final : public workloads::Session {
   public:
    ~SlowSession() override {
      const auto end = Clock::now() + 5 * kYieldFor;
      while (Clock::now() < end) cpu_relax();
    }
    std::uint64_t run(workloads::TaskRange, std::span<const std::byte>, std::span<std::byte>) override { return 0; }
  };
};

TEST_P(EveryExecutor, who_waits_for_the_last_worker_is_woken_by_it) {
  SlowToClose fixture;
  auto shortest = Nanoseconds::max();
  // On a busy machine it may be long until who is woken gets a CPU, but not each time.
  for (int i = 0; i < 20 && shortest >= kLongestSleep; ++i) {
    const auto executor = start(fixture, config());
    EXPECT_EQ(executor->run({5}, soon()).status, Status::ok);
    const auto told = Clock::now();
    EXPECT_TRUE(executor->shutdown(soon()));
    shortest = std::min<Nanoseconds>(shortest, since(told));
  }
  EXPECT_LT(shortest, kLongestSleep) << "it looked again when its sleep was over";
}

TEST_P(EveryExecutor, fifty_in_turn_leave_nothing) {
  const auto fixture = prepare(kWorks[1]);
  auto made = config();
  made.payload_bytes = kWorks[1].payload_bytes;
  const Footprint before;
  for (int i = 0; i < 50; ++i) {
    const auto executor = start(*fixture, made);
    EXPECT_EQ(executor->run({5}, soon()).status, Status::ok);
    if (i % 2 == 0) continue;  // the destructor's work
    EXPECT_TRUE(executor->shutdown(soon()));
  }
  EXPECT_EQ(footprint_after(before), before);
}

TEST_P(EveryExecutor, two_at_once_do_not_disturb_each_other) {
  const auto fixture = prepare(kWorks[0]);
  const auto first = start(*fixture, config());
  auto second = start(*fixture, config());
  EXPECT_EQ(first->run({50}, soon()).block.sum, fixture->expected_sum({0, 50}));
  EXPECT_EQ(second->run({70}, soon()).block.sum, fixture->expected_sum({0, 70}));
  second.reset();
  EXPECT_EQ(first->run({50}, soon()).block.sum, fixture->expected_sum({0, 50}));
}

TEST_P(EveryExecutor, workers_run_where_they_were_placed_and_the_submitter_gets_its_cpus_back) {
  const auto cpus = usable_cpus().cpus;
  MadeUp fixture([](std::uint64_t) {
    ::sched_yield();
    return 1;
  });
  for (const auto placement : {Placement::same, Placement::spread}) {
    auto made = config();
    made.placement = placement;
    made.workers = linked() ? 3 : 1;
    made.cpus.assign(cpus.rbegin(), cpus.rend());
    auto executor = start(fixture, made);
    ASSERT_EQ(executor->run({200}, soon()).status, Status::ok);
    const auto workers = executor->workers();
    ASSERT_EQ(workers.size(), static_cast<std::size_t>(made.workers));
    for (std::size_t i = 0; i < workers.size(); ++i) {
      const int cpu = placement == Placement::same ? made.cpus.front() : made.cpus[i % made.cpus.size()];
      for (const int seen : workers[i].cpus_seen) EXPECT_EQ(seen, cpu) << "worker " << i;
    }
    executor.reset();
    EXPECT_EQ(usable_cpus().cpus, cpus);
  }
}

TEST_P(EveryExecutor, workers_are_what_it_says_they_are) {
  MadeUp fixture([](std::uint64_t) { return 1; });
  auto made = config();
  made.workers = linked() ? 3 : 1;
  const bool processes = GetParam().executor->sides == ipc::Sides::processes;
  const auto executor = start(fixture, made);
  const auto workers = executor->workers();
  std::set<pid_t> tids;
  for (const auto& worker : workers) {
    tids.insert(worker.tid);
    EXPECT_EQ(worker.pid != ::getpid(), processes);
    EXPECT_EQ(worker.tid == ::getpid(), !linked());
  }
  EXPECT_EQ(tids.size(), workers.size());
  EXPECT_EQ(tids.size(), static_cast<std::size_t>(made.workers));
}

INSTANTIATE_TEST_SUITE_P(threads, EveryExecutor, ::testing::ValuesIn(pool_kinds(ipc::Sides::threads)), name_of);
INSTANTIATE_TEST_SUITE_P(processes, EveryExecutor, ::testing::ValuesIn(pool_kinds(ipc::Sides::processes)), name_of);

/// Executors whose workers are processes.
class EveryProcessPool : public PoolTest {};

TEST_P(EveryProcessPool, no_thread_exists_and_the_c_library_knows) {
  if (__libc_single_threaded == 0) GTEST_SKIP() << "this process had a thread; to be run by itself, as ctest does";
  MadeUp fixture([](std::uint64_t) {
    if (names_in("/proc/self/task").size() != 1) throw std::runtime_error("a second thread in the worker");
    return 1;
  });
  const auto executor = start(fixture, config());
  const auto outcome = executor->run({20}, soon());
  EXPECT_EQ(outcome.status, Status::ok) << outcome.error;
  EXPECT_EQ(names_in("/proc/self/task").size(), 1U);
  for (const auto& worker : executor->workers()) EXPECT_TRUE(worker.libc_single_threaded);
  EXPECT_NE(__libc_single_threaded, 0);
}

TEST_P(EveryProcessPool, workers_report_when_the_c_library_has_lost_its_fast_paths) {
  std::thread([] {}).join();
  MadeUp fixture([](std::uint64_t) { return 1; });
  for (const auto& worker : start(fixture, config())->workers()) EXPECT_FALSE(worker.libc_single_threaded);
}

INSTANTIATE_TEST_SUITE_P(processes, EveryProcessPool, ::testing::ValuesIn(pool_kinds(ipc::Sides::processes)), name_of);

}  // namespace
}  // namespace mpmt::tests
