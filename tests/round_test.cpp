// A round of real trials (this program itself, see trial_main.cpp), short ones.
#include "benchmarks/run/round.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <stop_token>
#include <thread>

#include "base/cpu_time.hpp"
#include "footprint.hpp"

namespace mpmt::benchmarks {
namespace {

using executors::Status;

constexpr std::uint64_t kTasks = 40;

class RoundTest : public ::testing::Test {
 protected:
  static Entrant entrant(const std::string& workload, const std::string& executor) {
    Entrant made;
    made.assignment.measured.workload = workload;
    made.assignment.measured.executor = executor;
    if (executor != "serial") {
      made.assignment.measured.channel = "shm_ring";
      made.assignment.measured.workers = 2;
    }
    made.assignment.measured.grain = 100;
    made.assignment.tasks = kTasks;
    made.assignment.deadline_s = 20;
    made.order = {kTasks, 4, true};
    return made;
  }

  /// Nothing is left of the round.
  Round run(const std::vector<Entrant>& entrants, int laps) {
    const tests::Footprint before;
    auto round = run_round(entrants, laps, true, random_, load_, interrupt_);
    EXPECT_EQ(tests::footprint_after(before), before);
    EXPECT_EQ(round.entrants.size(), entrants.size());
    return round;
  }

  static void expect_whole(const Ran& ran, int laps) {
    EXPECT_EQ(ran.trial.status, Status::ok) << ran.trial.error;
    EXPECT_EQ(ran.laps.size(), static_cast<std::size_t>(laps));
    for (const auto& lap : ran.laps) {
      EXPECT_EQ(lap.tasks, kTasks);
      EXPECT_EQ(lap.sum, ran.laps.front().sum);
    }
  }

  std::mt19937_64 random_{1};
  Interrupt interrupt_;
  LoadMeter load_{usable_cpus()};
};

TEST_F(RoundTest, the_laps_of_all_correspond_and_a_first_one_is_not_counted) {
  for (const auto* workload : {"empty", "hash_chain"}) {
    const std::vector<Entrant> entrants{entrant(workload, "serial"), entrant(workload, "thread_pool"),
                                        entrant(workload, "process_pool")};
    const auto round = run(entrants, 9);
    EXPECT_FALSE(round.interrupted());
    EXPECT_GT(round.beside_s, 0);
    EXPECT_GT(round.laps_s, 0);
    for (std::size_t i = 0; i < entrants.size(); ++i) {
      const auto& ran = round.entrants[i];
      EXPECT_EQ(ran.trial.assignment.measured.executor, entrants[i].assignment.measured.executor);
      expect_whole(ran, 9);
      EXPECT_EQ(ran.laps.front().sum, round.entrants.front().laps.front().sum) << "the same tasks";
      EXPECT_EQ(ran.trial.latency.count(), kTasks * static_cast<std::uint64_t>(9 + round.dropped));
    }
  }
}

TEST_F(RoundTest, one_entrant_alone_and_one_lap_are_a_round) {
  const auto round = run({entrant("hash_chain", "serial")}, 1);
  expect_whole(round.entrants[0], 1);
}

TEST_F(RoundTest, who_cannot_be_built_does_not_end_it_for_the_others) {
  auto nowhere = entrant("hash_chain", "thread_pool");
  nowhere.assignment.cpus = {1 << 20};
  const auto round = run({entrant("hash_chain", "serial"), nowhere, entrant("hash_chain", "process_pool")}, 5);
  EXPECT_EQ(round.entrants[1].trial.status, Status::unsupported) << round.entrants[1].trial.error;
  EXPECT_TRUE(round.entrants[1].laps.empty());
  expect_whole(round.entrants[0], 5);
  expect_whole(round.entrants[2], 5);
}

TEST_F(RoundTest, who_is_too_late_does_not_end_it_for_the_others) {
  auto endless = entrant("empty", "thread_pool");
  endless.order.tasks = std::uint64_t{1} << 40;
  endless.assignment.deadline_s = 0.5;
  const auto round = run({endless, entrant("empty", "thread_pool")}, 5);
  EXPECT_EQ(round.entrants[0].trial.status, Status::timed_out) << round.entrants[0].trial.error;
  expect_whole(round.entrants[1], 5);
}

TEST_F(RoundTest, who_is_killed_does_not_end_it_for_the_others) {
  const pid_t self = ::getpid();
  // The one that has a worker in a process of its own, once there are the two and no longer what forked them.
  std::jthread killer([&](const std::stop_token& over) {
    while (!over.stop_requested()) {
      const auto trials = children_of(self);
      const auto pool =
          std::find_if(trials.begin(), trials.end(), [](pid_t trial) { return !children_of(trial).empty(); });
      if (trials.size() == 2 && pool != trials.end()) {
        ::kill(*pool, SIGKILL);
        return;
      }
      std::this_thread::yield();
    }
  });
  const auto round = run_round({entrant("hash_chain", "process_pool"), entrant("hash_chain", "thread_pool")}, 300, true,
                               random_, load_, interrupt_);
  EXPECT_EQ(round.entrants[0].trial.status, Status::worker_died) << round.entrants[0].trial.error;
  EXPECT_NE(round.entrants[0].trial.error.find("SIGKILL"), std::string::npos) << round.entrants[0].trial.error;
  EXPECT_LT(round.entrants[0].laps.size(), 300U);
  expect_whole(round.entrants[1], 300);
  EXPECT_FALSE(tests::has_children());
}

TEST_F(RoundTest, it_ends_when_nobody_is_left) {
  auto nowhere = entrant("hash_chain", "thread_pool");
  nowhere.assignment.cpus = {1 << 20};
  const auto round = run({nowhere, nowhere}, 1'000'000);
  for (const auto& ran : round.entrants) EXPECT_EQ(ran.trial.status, Status::unsupported) << ran.trial.error;
}

TEST_F(RoundTest, an_interruption_ends_it_for_all) {
  ::raise(SIGTERM);
  const auto round = run({entrant("hash_chain", "serial"), entrant("hash_chain", "process_pool")}, 1'000'000);
  EXPECT_TRUE(round.interrupted());
}

TEST_F(RoundTest, each_lap_is_in_an_order_of_its_own_that_the_generator_alone_draws) {
  const std::vector<Entrant> entrants{entrant("empty", "serial"), entrant("empty", "serial")};
  std::mt19937_64 same(1);
  run_round(entrants, 4, true, same, load_, interrupt_);
  EXPECT_NE(same, random_) << "nothing was drawn";
}

}  // namespace
}  // namespace mpmt::benchmarks
