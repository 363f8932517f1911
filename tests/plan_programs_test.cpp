// What several programs are asked for, and which of their cases are measured together.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "benchmarks/case/parameters.hpp"
#include "benchmarks/run/measurement.hpp"
#include "planning.hpp"

namespace mpmt::benchmarks {
namespace {

/// With workloads and pools of its own.
Program other_program() {
  Program program;
  program.name = "python";
  program.trial = {"python3", "x.py"};
  program.offer.families = {"pool"};
  WorkloadOffer primes;
  primes.name = "prime_count";
  WorkloadOffer hashes;
  hashes.name = "hashlib_large";
  hashes.usual_grain = 20;
  WorkloadOffer waits;
  waits.name = "sleep_wait";
  waits.unit = std::chrono::microseconds(1);
  program.offer.workloads = {primes, hashes, waits};
  ExecutorOffer alone{"python_serial", Who::neither, {}, true, true, ""};
  ExecutorOffer threads{"python_threads", Who::threads, {"futures"}, false, true, ""};
  ExecutorOffer processes{"python_processes", Who::processes, {"futures"}, false, true, ""};
  ExecutorOffer later{"python_interpreters", Who::threads, {"futures"}, false, false, "from 3.14 on"};
  program.offer.executors = {alone, threads, processes, later};
  program.offer.channels = {{"futures", SIZE_MAX, false, false}};
  return program;
}

Plan planned(const RunOptions& options, std::vector<Program> programs) {
  return make_plan(options, std::move(programs), kCpus, kSeed, no_calibration);
}

bool notes(const Plan& plan, const std::string& line) {
  return std::find(plan.notes.begin(), plan.notes.end(), line) != plan.notes.end();
}

TEST(PlanPrograms, two_builds_share_groups_and_sizes_and_each_case_is_a_row) {
  RunOptions options;
  options.workloads = {"hash_chain"};
  const auto plan = planned(options, {own_program("old"), own_program("new")});
  EXPECT_EQ(plan.rows(), plan.cases.size() / 2);
  for (const auto& group : plan.groups) {
    for (const auto& row : group.rows) {
      EXPECT_EQ(plan.cases[row.a].measured.program, "old");
      EXPECT_EQ(plan.cases[row.a].size_group, plan.cases[row.b].size_group);
    }
  }
}

TEST(PlanPrograms, a_program_with_executors_of_its_own_is_measured_apart_threads_with_processes) {
  RunOptions options;
  options.workloads = {"prime_count"};
  options.workers = {2};
  const auto plan = planned(options, {own_program(), other_program()});
  EXPECT_EQ(plan.rows(), 2U);
  std::set<std::string> groups;
  for (const auto& planned : plan.cases) {
    if (planned.measured.program != "python") continue;
    groups.insert(planned.size_group);
    EXPECT_EQ(planned.measured.name().find("window"), std::string::npos) << planned.measured.name();
    EXPECT_EQ(planned.measured.is_serial(), planned.measured.executor == "python_serial");
  }
  ASSERT_EQ(groups.size(), 1U);
  EXPECT_NE(groups.begin()->find("/program:python"), std::string::npos);
}

TEST(PlanPrograms, what_one_of_them_lacks_is_a_note_and_what_nobody_has_is_refused) {
  RunOptions options;
  options.workloads = {"prime_count", "hashlib_large"};
  const auto plan = planned(options, {own_program(), other_program()});
  EXPECT_TRUE(notes(plan, "unsupported: mpmt has no 'hashlib_large' (--workload)"));
  options.workloads = {"no_such_thing"};
  EXPECT_THROW(planned(options, {own_program(), other_program()}), UsageError);
}

TEST(PlanPrograms, an_executor_that_cannot_be_run_says_why) {
  RunOptions options;
  options.workloads = {"prime_count"};
  options.executors = {"python_interpreters"};
  const auto plan = planned(options, {other_program()});
  EXPECT_TRUE(plan.cases.empty());
  EXPECT_TRUE(notes(plan, "unsupported: python_interpreters of python: from 3.14 on"));
}

TEST(PlanPrograms, a_time_is_a_grain_without_calibration_where_a_unit_is_a_time) {
  RunOptions options;
  options.workloads = {"sleep_wait"};
  options.grains = {TimeWish{std::chrono::seconds(2), false}};
  for (const auto& one : planned(options, {own_program(), other_program()}).cases) {
    EXPECT_EQ(one.measured.grain, 2'000'000U) << one.measured.name();
  }
}

TEST(PlanPrograms, a_grain_that_is_calibrated_is_the_same_for_all) {
  RunOptions options;
  options.workloads = {"prime_count"};
  options.grains = {TimeWish{std::chrono::milliseconds(1), false}};
  int asked = 0;
  const auto calibrate = [&](const Case& serial, const TimeWish&) {
    ++asked;
    EXPECT_EQ(serial.executor, "serial");
    return std::uint64_t{77};
  };
  const auto plan = make_plan(options, {own_program(), other_program()}, kCpus, kSeed, calibrate);
  EXPECT_EQ(asked, 1);
  for (const auto& one : plan.cases) EXPECT_EQ(one.measured.grain, 77U);
}

TEST(PlanPrograms, values_stand_in_for_names_in_every_combination) {
  EXPECT_EQ(filled_in("a {n} {n}{m}", {{"n", "1"}, {"m", "{n}"}}), "a 1 1{n}");
  EXPECT_EQ(combinations_of({}).size(), 1U);
  const auto all = combinations_of({{"n", {"1", "2"}}, {"m", {"x", "y", "z"}}});
  ASSERT_EQ(all.size(), 6U);
  EXPECT_EQ(all[1], (Parameters{{"n", "1"}, {"m", "y"}}));
  const std::vector<std::string> many(40, "v");
  EXPECT_THROW(combinations_of({{"a", many}, {"b", many}}), UsageError);
}

TEST(Sums, equal_tasks_have_equal_sums_whoever_runs_them) {
  Sums sums;
  Case own;
  own.workload = "prime_count";
  auto liar = own;
  liar.program = "liar";
  const auto block = [](std::uint64_t tasks, std::uint64_t sum) {
    executors::Block made;
    made.tasks = tasks;
    made.sum = sum;
    return made;
  };
  EXPECT_EQ(sums.fault_in(own, block(2, 7)), "");
  EXPECT_EQ(sums.fault_in(liar, block(3, 1)), "") << "nobody else has run three";
  EXPECT_NE(sums.fault_in(liar, block(2, 8)), "");
  EXPECT_NE(sums.fault_in(liar, block(4, 8)), "") << "it is not believed any more";
  auto other = liar;
  other.grain = 9;
  EXPECT_EQ(sums.fault_in(other, block(2, 8)), "") << "other work";
  EXPECT_EQ(sums.fault_in(own, block(2, 9)), "") << "a trial compares its own";
}

}  // namespace
}  // namespace mpmt::benchmarks
