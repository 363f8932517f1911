// The table of what few contenders take.
#include "benchmarks/run/contenders.hpp"

#include <gtest/gtest.h>

#include "planning.hpp"

namespace mpmt::benchmarks {
namespace {

/// A round of one lap.
Measured round_of(const Plan& plan, std::size_t planned, std::uint64_t tasks, std::int64_t wall_ns) {
  Measured measured;
  measured.planned = planned;
  measured.trial.assignment.measured = plan.cases[planned].measured;
  executors::Block block;
  block.tasks = block.messages = tasks;
  block.wall_ns = wall_ns;
  measured.laps.push_back(block);
  return measured;
}

Plan sleepers() {
  RunOptions options;
  options.workloads = {"sleep_wait"};
  options.executors = {"serial", "thread_pool"};
  options.workers = {3};
  options.grains = {std::uint64_t{1000}};
  return plan_of(options);
}

TEST(Contenders, tasks_that_take_a_given_time_show_what_comes_on_top_of_it_and_pools_their_speed_up) {
  const auto plan = sleepers();
  ASSERT_EQ(plan.cases.size(), 2U);
  Contenders contenders(plan);
  for (std::size_t i = 0; i < 2; ++i) {
    const bool alone = plan.cases[i].measured.is_serial();
    contenders.add(round_of(plan, i, 3, alone ? 3'060'000 : 1'020'000));
  }
  const auto table = contenders.text();
  for (const auto* part : {"executor", "speed-up", "3.00x", "on top of waiting", "60.0 us", "20.0 us"}) {
    EXPECT_NE(table.find(part), std::string::npos) << part << " in\n" << table;
  }
  EXPECT_EQ(table.find("peak memory"), std::string::npos) << "nobody looked at it";
}

TEST(Contenders, who_failed_or_was_disturbed_is_not_in_the_table) {
  const auto plan = sleepers();
  Contenders contenders(plan);
  auto failed = round_of(plan, 0, 3, 1000);
  failed.trial.status = executors::Status::worker_died;
  contenders.add(failed);
  EXPECT_EQ(contenders.text(), "");
}

TEST(Contenders, commands_show_their_memory_and_are_told_apart_by_program) {
  RunOptions options;
  options.family = "command";
  const auto plan = plan_of(options);
  Contenders contenders(plan);
  for (std::size_t i = 0; i < plan.cases.size(); ++i) {
    auto measured = round_of(plan, i, 1, 5'000'000);
    measured.trial.memory = {std::uint64_t{3} << 20, 0};
    contenders.add(measured);
  }
  const auto table = contenders.text();
  for (const auto* part : {"program", "old", "new", "5.00 ms", "3.0 MiB"}) {
    EXPECT_NE(table.find(part), std::string::npos) << part << " in\n" << table;
  }
  EXPECT_EQ(table.find("PSS"), std::string::npos) << "0: it was not seen";
}

TEST(Contenders, of_many_the_record_tells) {
  RunOptions options;
  const auto plan = plan_of(options);
  ASSERT_GT(plan.cases.size(), Contenders::kMost);
  Contenders contenders(plan);
  for (std::size_t i = 0; i < plan.cases.size(); ++i) contenders.add(round_of(plan, i, 1, 1000));
  EXPECT_EQ(contenders.text(), "");
}

}  // namespace
}  // namespace mpmt::benchmarks
