// What every executor promises (executors/executor.hpp), over the catalogue and every channel that it can use.
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/single_threaded.h>

#include <set>
#include <thread>

#include "base/child_process.hpp"
#include "pool_case.hpp"
#include "scratch_dir.hpp"

namespace mpmt::tests {
namespace {

using executors::Block;
using executors::Config;
using executors::Outcome;
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

  /// Blocks of no, one and many tasks.
  void blocks_are_right(Config config, const Work& work) {
    SCOPED_TRACE(text(work.workload, ", workers ", config.workers, ", batch ", config.batch, ", window ", config.window,
                      ", placement ", static_cast<int>(config.placement), ", wait ", static_cast<int>(config.wait)));
    const auto fixture = prepare(work);
    config.payload_bytes = work.payload_bytes;
    const auto executor = start(*fixture, config);
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

TEST_P(EveryExecutor, impossible_configurations_are_refused_and_start_nothing) {
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

TEST_P(EveryExecutor, a_failing_task_is_an_error_that_names_worker_and_task) {
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

TEST_P(EveryExecutor, an_exception_that_names_no_task_is_an_error_of_its_batch) {
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

TEST_P(EveryExecutor, the_text_of_an_error_may_be_long_or_empty) {
  for (const std::size_t length : {0U, 1U, 10'000U}) {
    MadeUp fixture([&](std::uint64_t task) -> std::uint64_t {
      throw workloads::TaskError(task, std::string(length, 'x'));
    });
    const auto executor = start(fixture, config());
    const auto outcome = executor->run({1}, soon());
    EXPECT_EQ(outcome.status, Status::error);
    EXPECT_NE(outcome.error.find("task 0: " + std::string(std::min<std::size_t>(length, 500), 'x')), std::string::npos);
  }
}

TEST_P(EveryExecutor, a_session_that_cannot_be_opened_fails_the_start_with_its_text) {
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

TEST_P(EveryExecutor, a_payload_beyond_the_channels_limit_fails_the_start_and_names_the_limit) {
  if (!linked()) GTEST_SKIP() << "no channel";
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

TEST_P(EveryExecutor, a_wrong_reply_is_noticed_when_it_is_asked_for) {
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
