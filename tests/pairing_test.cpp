// Which cases are compared with which.
#include "benchmarks/case/pairing.hpp"
#include "benchmarks/case/family.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "resolved.hpp"

namespace mpmt::benchmarks {
namespace {

Case pool_of(const std::string& executor, const std::string& channel = "shm_ring") {
  Case c;
  c.workload = "empty";
  c.executor = executor;
  c.channel = channel;
  c.workers = 2;
  return resolved(c);
}

Case sides_of(ipc::Sides sides, std::optional<FutexScope> futex) {
  Case c;
  c.family = "channel";
  c.channel = "shm_ring";
  c.pair.sides = sides;
  c.pair.futex = futex;
  return resolved(c);
}

Case of(Case c, const std::string& program) {
  c.program = program;
  return c;
}

using Rows = std::vector<std::pair<std::size_t, std::size_t>>;

Rows rows_of(const std::vector<Case>& cases) {
  Rows rows;
  for (const auto& pair : controlled_rows(cases)) rows.emplace_back(pair.a, pair.b);
  return rows;
}

TEST(Pairing, who_runs_is_known_of_every_kind_of_case) {
  EXPECT_EQ(who_runs(pool_of("thread_pool")), Who::threads);
  EXPECT_EQ(who_runs(pool_of("process_pool")), Who::processes);
  EXPECT_EQ(who_runs(pool_of("serial", "")), Who::neither);
  EXPECT_EQ(who_runs(pool_of("unheard_of")), Who::neither);
  EXPECT_EQ(who_runs(sides_of(ipc::Sides::threads, {})), Who::threads);
  EXPECT_EQ(who_runs(sides_of(ipc::Sides::processes, {})), Who::processes);
  auto floor = sides_of(ipc::Sides::processes, {});
  floor.pair.floor = true;
  EXPECT_EQ(who_runs(resolved(floor)), Who::neither);
}

TEST(Pairing, the_threads_come_first_in_whatever_order_cases_are) {
  EXPECT_EQ(rows_of({pool_of("thread_pool"), pool_of("process_pool")}), (Rows{{0, 1}}));
  EXPECT_EQ(rows_of({pool_of("process_pool"), pool_of("serial", ""), pool_of("thread_pool")}), (Rows{{2, 0}}));
  EXPECT_EQ(rows_of({}), Rows());
  EXPECT_EQ(rows_of({pool_of("thread_pool"), pool_of("thread_pool", "pipe")}), Rows());
}

TEST(Pairing, whatever_else_differs_makes_no_pair) {
  const std::vector<void (*)(Case&)> differences{
      [](Case& c) { c.workload = "hash_chain"; },
      [](Case& c) { c.channel = "pipe"; },
      [](Case& c) { c.workers = 1; },
      [](Case& c) { c.grain = 9; },
      [](Case& c) { c.batch = 9; },
      [](Case& c) { c.payload_bytes = 9; },
      [](Case& c) { c.window = 9; },
      [](Case& c) { c.placement = executors::Placement::same; },
      [](Case& c) { c.wait = executors::Wait::spin; },
  };
  for (std::size_t i = 0; i < differences.size(); ++i) {
    auto threads = pool_of("thread_pool");
    differences[i](threads);
    EXPECT_EQ(rows_of({threads, pool_of("process_pool")}), Rows()) << "difference " << i;
  }
}

TEST(Pairing, pairs_of_sides_are_compared_over_the_same_futex) {
  const auto shared = sides_of(ipc::Sides::threads, FutexScope::processes);
  const auto own = sides_of(ipc::Sides::threads, FutexScope::one_process);
  const auto processes = sides_of(ipc::Sides::processes, FutexScope::processes);
  EXPECT_EQ(rows_of({own, shared, processes}), (Rows{{1, 2}}));
  auto other = processes;
  other.pair.message_bytes *= 2;
  EXPECT_EQ(rows_of({own, shared, other}), Rows());
}

TEST(Pairing, programs_are_compared_at_equal_cases_and_then_not_threads_with_processes) {
  const auto threads = pool_of("thread_pool");
  const auto processes = pool_of("process_pool");
  EXPECT_EQ(rows_of({of(threads, "A"), of(processes, "A"), of(threads, "B"), of(processes, "B")}),
            (Rows{{0, 2}, {1, 3}}));
  EXPECT_EQ(rows_of({of(threads, "A"), processes}), Rows());
  EXPECT_EQ(rows_of({of(threads, "A"), of(processes, "A"), of(threads, "B")}), (Rows{{0, 2}}))
      << "what only one of them has is no question between them";
}

TEST(Pairing, of_three_programs_each_is_compared_with_the_first) {
  const auto serial = pool_of("serial", "");
  EXPECT_EQ(rows_of({of(serial, "old"), of(serial, "new"), of(serial, "newer")}), (Rows{{0, 1}, {0, 2}}));
}

TEST(Pairing, a_program_that_shares_no_case_with_another_is_compared_in_itself) {
  auto threads = of(pool_of("thread_pool"), "python");
  threads.channel = "python_futures";
  auto processes = of(pool_of("process_pool"), "python");
  processes.channel = "python_futures";
  EXPECT_EQ(rows_of({pool_of("thread_pool"), pool_of("process_pool"), threads, processes}), (Rows{{0, 1}, {2, 3}}));
  EXPECT_EQ(rows_of({of(pool_of("thread_pool"), "a"), of(pool_of("thread_pool"), "b"), threads, processes}),
            (Rows{{0, 1}, {2, 3}}));
}

TEST(Pairing, what_means_something_else_in_another_program_is_not_compared_with_it) {
  auto other = of(pool_of("serial", ""), "new");
  other.facts.version = 7;
  EXPECT_EQ(rows_of({of(pool_of("serial", ""), "old"), other}), Rows());
}

TEST(Pairing, sides_are_called_by_what_differs) {
  const auto a = of(pool_of("thread_pool"), "old");
  EXPECT_EQ(side_names(a, of(a, "new")).b, "new");
  EXPECT_EQ(side_names(a, of(pool_of("process_pool"), "old")).b, "processes");
}

TEST(Pairing, what_is_deployed_is_the_same_work_however_it_is_done) {
  const auto key = [](const Case& c) { return family_of(c).work_of(c); };
  const auto one = pool_of("thread_pool");
  auto other = pool_of("process_pool", "pipe");
  other.workers = 4;
  other.batch = 16;
  other.window = 8;
  other.placement = executors::Placement::same;
  EXPECT_EQ(key(one), key(other));
  for (const auto& differ :
       std::vector<void (*)(Case&)>{[](Case& c) { c.workload = "hash_chain"; }, [](Case& c) { c.grain = 9; },
                                    [](Case& c) { c.payload_bytes = 9; }}) {
    auto third = one;
    differ(third);
    EXPECT_NE(key(one), key(third));
  }
  auto near = sides_of(ipc::Sides::threads, {});
  auto far = near;
  far.placement = executors::Placement::same;
  EXPECT_NE(key(near), key(far)) << "one CPU or two: another deployment of a channel";
}

TEST(Pairing, of_each_work_the_fastest_of_either_side_are_deployed) {
  auto threads = pool_of("thread_pool");
  auto processes = pool_of("process_pool");
  auto over_pipe = pool_of("process_pool", "pipe");
  auto other_work = pool_of("process_pool");
  other_work.grain = 9;
  const std::vector<Case> cases{pool_of("serial", ""), threads, processes, over_pipe, other_work};
  const auto deployed = [&](std::vector<double> costs_ns) {
    Rows rows;
    for (const auto& row : deployed_rows(cases, costs_ns)) rows.emplace_back(row.a, row.b);
    return rows;
  };
  EXPECT_EQ(deployed({1, 5, 7, 6, 2}), (Rows{{1, 3}}));
  EXPECT_EQ(deployed({1, 5, 6, 7, 2}), (Rows{{1, 2}}));
  EXPECT_EQ(deployed({1, 5, HUGE_VAL, 7, 2}), (Rows{{1, 3}})) << "one that gave nothing";
  EXPECT_EQ(deployed({1, HUGE_VAL, 6, 7, 2}), Rows());
  auto luck = cases;
  luck[3].placement = executors::Placement::free;
  luck[2].program = "A";
  EXPECT_TRUE(deployed_rows(luck, {1, 5, 6, 7, 2}).empty());
  auto compared = std::vector<Case>{of(threads, "old"), of(processes, "old"), of(threads, "new"), of(processes, "new")};
  EXPECT_TRUE(deployed_rows(compared, {1, 2, 3, 4}).empty()) << "programs are compared";
}

}  // namespace
}  // namespace mpmt::benchmarks
