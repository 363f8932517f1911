// Workers that are killed, stopped, or end by themselves, over every executor whose workers are processes.
//
// MPMT_LONG_TESTS=1 in the environment: ten times as many rounds where chance decides.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <random>

#include "base/child_process.hpp"
#include "base/shared_region.hpp"
#include "pool_case.hpp"
#include "scratch_dir.hpp"

namespace mpmt::tests {
namespace {

using executors::Executor;
using executors::Outcome;
using executors::Status;
using std::chrono::seconds;

constexpr std::uint64_t kEndless = std::uint64_t{1} << 40;

int rounds() {
  return std::getenv("MPMT_LONG_TESTS") != nullptr ? 200 : 20;
}

/// A process that sends a signal while the submitter is busy in run(). Made before the pool, which forks alone.
class Striker {
 public:
  explicit Striker(int signal, std::size_t victims = 1) : region_(sizeof(Orders)) {
    new (region_.data()) Orders;
    process_.emplace("striker", [this, signal, victims] {
      require_orders(victims);
      const auto start = Clock::now();
      while (since(start).count() < orders().delay_ns.load()) {
      }
      orders().struck_ns = Clock::now().time_since_epoch().count();
      for (std::size_t i = 0; i < victims; ++i) ::kill(orders().victims[i], signal);
    });
  }

  /// Async: from the submitter, or from a worker that has inherited this.
  void strike(pid_t victim, std::chrono::nanoseconds delay = {}) {
    orders().delay_ns = delay.count();
    orders().victims[orders().count.load()] = victim;
    orders().count.fetch_add(1);
  }
  std::chrono::nanoseconds since_strike() {
    return Clock::now() - Clock::time_point(Clock::duration(orders().struck_ns.load()));
  }

 private:
  struct Orders {
    std::array<std::atomic<pid_t>, 8> victims{};
    std::atomic<std::size_t> count{0};
    std::atomic<std::int64_t> delay_ns{0};
    std::atomic<std::int64_t> struck_ns{0};
  };
  Orders& orders() { return *static_cast<Orders*>(region_.data()); }
  void require_orders(std::size_t victims) {
    if (!comes_true([&] { return orders().count.load() >= victims; })) throw std::runtime_error("no orders came");
  }

  SharedRegion region_;
  std::optional<ChildProcess> process_;
};

std::vector<pid_t> pids_of(const Executor& executor) {
  std::vector<pid_t> pids;
  for (const auto& worker : executor.workers()) pids.push_back(worker.pid);
  return pids;
}

class KilledWorkers : public PoolTest {
 protected:
  void SetUp() override {
    const rlimit no_core{0, 0};
    ::setrlimit(RLIMIT_CORE, &no_core);
  }

  static void expect_died(const Outcome& outcome, const std::string& how) {
    EXPECT_EQ(outcome.status, Status::worker_died) << described(outcome);
    EXPECT_NE(outcome.error.find(how), std::string::npos) << outcome.error;
    EXPECT_NE(outcome.error.find("in hand"), std::string::npos) << outcome.error;
  }
  static void expect_gone(std::unique_ptr<Executor>& executor) {
    const auto pids = pids_of(*executor);
    executor.reset();
    for (const pid_t pid : pids) EXPECT_FALSE(is_alive(pid));
  }
};

TEST_P(KilledWorkers, a_worker_killed_in_a_task_is_named_with_its_signal_and_batch) {
  const Footprint before;
  {
    Striker striker(SIGKILL);
    MadeUp fixture([&](std::uint64_t task) -> std::uint64_t {
      if (task != 5) return 1;
      striker.strike(::getpid());
      for (;;) ::pause();
    });
    auto made = config();
    made.batch = 4;
    auto executor = start(fixture, made);
    const auto outcome = executor->run({100}, soon());
    EXPECT_LT(striker.since_strike(), kNoticeWhenLoaded);
    expect_died(outcome, "killed by SIGKILL, tasks 4 to 7 in hand");
    const auto workers = executor->workers();
    EXPECT_TRUE(std::ranges::any_of(workers, [&](const auto& worker) {
      return outcome.error.find(text("worker ", worker.id, " (pid ", worker.pid, ")")) != std::string::npos;
    })) << outcome.error;
    EXPECT_NE(executor->run({1}, soon()).status, Status::ok) << "a broken pool ran";
    expect_gone(executor);
  }
  EXPECT_EQ(footprint_after(before), before);
}

TEST_P(KilledWorkers, a_worker_killed_between_blocks_is_noticed_by_the_next) {
  const Footprint before;
  MadeUp fixture([](std::uint64_t) { return 1; });
  for (int round = 0; round < rounds(); ++round) {
    auto executor = start(fixture, config());
    ASSERT_EQ(executor->run({10}, soon()).status, Status::ok);
    ::kill(pids_of(*executor)[static_cast<std::size_t>(round) % 2], SIGKILL);
    const auto killed = Clock::now();
    expect_died(executor->run({round % 2 == 0 ? 0U : 100U}, soon()), "killed by SIGKILL, no batch in hand");
    EXPECT_LT(since(killed), kNoticeWhenLoaded);
    expect_gone(executor);
  }
  EXPECT_EQ(footprint_after(before), before);
}

TEST_P(KilledWorkers, a_worker_killed_while_it_opens_its_session_fails_the_start) {
  const Footprint before;
  MadeUp fixture([](std::uint64_t) { return 1; },
                 [](int worker) {
                   if (worker == 1) ::raise(SIGKILL);
                 });
  try {
    start(fixture, config());
    FAIL() << "it started";
  } catch (const executors::StartFailed& failure) {
    EXPECT_EQ(failure.status, Status::worker_died);
    EXPECT_NE(std::string(failure.what()).find("killed by SIGKILL"), std::string::npos) << failure.what();
  }
  EXPECT_EQ(footprint_after(before), before);
}

TEST_P(KilledWorkers, a_worker_killed_at_any_moment_ends_the_block) {
  const Footprint before;
  std::mt19937 random(2024);
  const auto& workload = *workloads::WorkloadCatalog::instance().find("payload_copy");
  const ScratchDir data_dir;
  const auto fixture = workload.prepare({1, 100, data_dir.path()});
  for (int round = 0; round < rounds(); ++round) {
    Striker striker(SIGKILL);
    auto made = config();
    made.payload_bytes = 100;
    made.batch = 1 + random() % 4;
    made.wait = static_cast<executors::Wait>(round % 3);
    auto executor = start(*fixture, made);
    striker.strike(pids_of(*executor)[random() % 2], std::chrono::microseconds(random() % 3000));
    const auto outcome = executor->run({kEndless}, soon());
    EXPECT_LT(striker.since_strike(), kNoticeWhenLoaded) << "round " << round;
    expect_died(outcome, "killed by SIGKILL");
    expect_gone(executor);
  }
  EXPECT_EQ(footprint_after(before), before);
}

TEST_P(KilledWorkers, several_workers_that_die_together_end_the_block) {
  const Footprint before;
  MadeUp fixture([](std::uint64_t) { return 1; });
  for (int round = 0; round < 5; ++round) {
    Striker striker(SIGKILL, 4);
    auto made = config();
    made.workers = 4;
    auto executor = start(fixture, made);
    for (const pid_t pid : pids_of(*executor)) striker.strike(pid, std::chrono::microseconds(200 * round));
    expect_died(executor->run({kEndless}, soon()), "killed by SIGKILL");
    expect_gone(executor);
  }
  EXPECT_EQ(footprint_after(before), before);
}

TEST_P(KilledWorkers, ways_to_end_are_told_apart) {
  const auto ends_with = [&](const std::string& how, const std::function<void()>& end) {
    MadeUp fixture([&](std::uint64_t task) -> std::uint64_t {
      if (task == 3) end();
      return 1;
    });
    auto executor = start(fixture, config());
    expect_died(executor->run({50}, soon()), how + ", task 3 in hand");
    expect_gone(executor);
  };
  ends_with("exited with 42", [] { std::_Exit(42); });
  ends_with("exited with 0", [] { std::_Exit(0); });
  ends_with("killed by SIGABRT", [] { std::abort(); });
  ends_with("killed by SIGSEGV", [] {
    ::signal(SIGSEGV, SIG_DFL);  // a sanitizer's handler would exit
    ::raise(SIGSEGV);
  });
}

TEST_P(KilledWorkers, a_stopped_worker_is_timed_out_at_the_deadline_and_reaped) {
  const Footprint before;
  {
    Striker striker(SIGSTOP);
    MadeUp fixture([&](std::uint64_t task) -> std::uint64_t {
      if (task == 6) {
        striker.strike(::getpid());
        for (;;) ::pause();
      }
      return 1;
    });
    auto made = config();
    made.batch = 3;
    auto executor = start(fixture, made);
    const Deadline deadline = Clock::now() + seconds(3);  // ample for two batches, also beside other tests
    const auto outcome = executor->run({100}, deadline);
    EXPECT_GE(Clock::now(), deadline);
    EXPECT_EQ(outcome.status, Status::timed_out) << described(outcome);
    EXPECT_NE(outcome.error.find("tasks 6 to 8 in hand"), std::string::npos) << outcome.error;
    EXPECT_FALSE(executor->shutdown(Clock::now() + std::chrono::milliseconds(100)));
    expect_gone(executor);
  }
  EXPECT_EQ(footprint_after(before), before);
}

TEST_P(KilledWorkers, a_pool_with_a_stopped_worker_can_be_destroyed) {
  const Footprint before;
  MadeUp fixture([](std::uint64_t) { return 1; });
  auto executor = start(fixture, config());
  ::kill(pids_of(*executor)[0], SIGSTOP);
  expect_gone(executor);
  EXPECT_EQ(footprint_after(before), before);
}

TEST_P(KilledWorkers, a_worker_that_was_stopped_and_goes_on_loses_nothing) {
  MadeUp fixture([](std::uint64_t) { return 1; });
  const auto executor = start(fixture, config());
  for (int round = 0; round < 20; ++round) {
    for (const pid_t worker : pids_of(*executor)) {
      ::kill(worker, SIGSTOP);
      ::kill(worker, SIGCONT);
    }
    const auto outcome = executor->run({1000}, soon());
    ASSERT_EQ(outcome.status, Status::ok) << outcome.error;
    EXPECT_EQ(outcome.block.sum, 1000U);
  }
}

TEST_P(KilledWorkers, a_child_that_is_no_worker_may_end_meanwhile) {
  ChildProcess passer_by("passer-by", [] { ::pause(); });
  MadeUp fixture([&](std::uint64_t task) {
    if (task == 50) ::kill(passer_by.pid(), SIGKILL);
    return 1;
  });
  const auto executor = start(fixture, config());
  const auto outcome = executor->run({1000}, soon());
  EXPECT_EQ(outcome.status, Status::ok) << outcome.error;
  EXPECT_EQ(passer_by.reap(soon())->describe(), "killed by SIGKILL");
}

TEST_P(KilledWorkers, workers_die_with_their_submitter) {
  struct Told {
    std::array<std::atomic<pid_t>, 2> pids{};
    std::atomic<bool> ready{false};
  };
  const SharedRegion region(sizeof(Told));
  auto& told = *new (region.data()) Told;
  ChildProcess submitter("submitter", [&] {
    MadeUp fixture([&](std::uint64_t) -> std::uint64_t {
      told.ready = true;
      for (;;) ::pause();
    });
    const auto executor = start(fixture, config());
    const auto pids = pids_of(*executor);
    std::ranges::copy(pids, told.pids.begin());
    executor->run({10}, soon());
  });
  ASSERT_TRUE(comes_true([&] { return told.ready.load(); }));
  submitter.kill(SIGKILL);
  ASSERT_TRUE(submitter.reap(soon()).has_value());
  for (const auto& pid : told.pids) EXPECT_TRUE(comes_true([&] { return !is_alive(pid); })) << pid;
}

INSTANTIATE_TEST_SUITE_P(processes, KilledWorkers, ::testing::ValuesIn(pool_kinds(ipc::Sides::processes)), name_of);

}  // namespace
}  // namespace mpmt::tests
