// In which order CPUs are dealt out.
#include "benchmarks/host/core_matrix.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/cpus.hpp"
#include "footprint.hpp"

namespace mpmt::benchmarks {
namespace {

using Cells = std::vector<std::vector<std::optional<double>>>;

CoreMatrix nothing_measured(const std::vector<int>& cpus) {
  return {cpus, Cells(cpus.size(), std::vector<std::optional<double>>(cpus.size()))};
}

/// Every pair `far`, but those of `close` at `near`.
CoreMatrix matrix_of(const std::vector<int>& cpus, const std::vector<std::pair<std::size_t, std::size_t>>& close) {
  auto matrix = nothing_measured(cpus);
  for (std::size_t i = 0; i < cpus.size(); ++i) {
    for (std::size_t j = 0; j < cpus.size(); ++j) {
      if (i != j) matrix.round_trip_ns[i][j] = 300;
    }
  }
  for (const auto& [i, j] : close) matrix.round_trip_ns[i][j] = matrix.round_trip_ns[j][i] = 60;
  return matrix;
}

std::vector<std::vector<int>> each_alone(const std::vector<int>& cpus) {
  std::vector<std::vector<int>> cores;
  for (const int cpu : cpus) cores.push_back({cpu});
  return cores;
}

TEST(SpreadOrder, takes_one_cpu_of_each_core_that_sys_knows_first) {
  const std::vector<int> cpus{0, 1, 2, 3};
  EXPECT_EQ(spread_order(cpus, {{0, 1}, {2, 3}}, nothing_measured(cpus)), (std::vector{0, 2, 1, 3}));
  EXPECT_EQ(spread_order(cpus, {{0, 2}, {1, 3}}, nothing_measured(cpus)), (std::vector{0, 1, 2, 3}));
}

TEST(SpreadOrder, takes_cpus_that_are_very_close_for_one_core) {
  const std::vector<int> cpus{4, 5, 6, 7};
  EXPECT_EQ(spread_order(cpus, each_alone(cpus), matrix_of(cpus, {{0, 1}, {2, 3}})), (std::vector{4, 6, 5, 7}));
}

TEST(SpreadOrder, needs_something_to_compare_with) {
  const std::vector<int> two{0, 1};
  EXPECT_EQ(spread_order(two, each_alone(two), matrix_of(two, {{0, 1}})), two);
  EXPECT_EQ(spread_order({3}, {{3}}, nothing_measured({3})), std::vector{3});
}

TEST(SpreadOrder, believes_sys_where_it_knows_of_siblings) {
  const std::vector<int> cpus{0, 1, 2, 3, 4, 5};
  EXPECT_EQ(spread_order(cpus, {{0, 3}, {1, 4}, {2, 5}}, matrix_of(cpus, {{0, 1}})), cpus);
}

TEST(SpreadOrder, does_not_take_clusters_for_cores) {
  const std::vector<int> cpus{0, 1, 2, 3, 4, 5, 6, 7};
  std::vector<std::pair<std::size_t, std::size_t>> within;
  for (std::size_t i = 0; i < 4; ++i) {
    for (std::size_t j = i + 1; j < 4; ++j) {
      within.emplace_back(i, j);
      within.emplace_back(i + 4, j + 4);
    }
  }
  EXPECT_EQ(spread_order(cpus, each_alone(cpus), matrix_of(cpus, within)), cpus);
}

TEST(CoreMatrixOfThisMachine, is_symmetric_and_leaves_nothing) {
  Interrupt interrupt;
  const tests::Footprint before;
  const auto cpus = usable_cpus().cpus;
  const auto matrix = measure_core_matrix(cpus, interrupt);
  ASSERT_EQ(matrix.cpus, cpus);
  for (std::size_t i = 0; i < cpus.size(); ++i) {
    EXPECT_FALSE(matrix.round_trip_ns[i][i]);
    for (std::size_t j = 0; j < cpus.size(); ++j) {
      EXPECT_EQ(matrix.round_trip_ns[i][j], matrix.round_trip_ns[j][i]);
      EXPECT_GT(matrix.round_trip_ns[i][j].value_or(1), 0);
    }
  }
  EXPECT_EQ(tests::footprint_after(before), before);
}

TEST(CoreMatrixAsJson, has_null_for_what_was_not_measured) {
  const auto json = to_json(nothing_measured({0, 2}));
  EXPECT_EQ(json.dump(), R"({"complete":false,"cpus":[0,2],"round_trip_ns":[[null,null],[null,null]]})");
  EXPECT_TRUE(to_json(matrix_of({0, 2}, {})).at("complete"));
  EXPECT_TRUE(to_json(nothing_measured({5})).at("complete")) << "one CPU has no pairs";
}

TEST(CoresOf, groups_every_cpu_once) {
  const auto cpus = usable_cpus().cpus;
  std::vector<int> grouped;
  for (const auto& core : cores_of(cpus)) grouped.insert(grouped.end(), core.begin(), core.end());
  std::sort(grouped.begin(), grouped.end());
  EXPECT_EQ(grouped, cpus);
  EXPECT_EQ(cores_of({99'998, 99'999}).size(), 2U) << "what /sys does not know is a core of its own";
}

}  // namespace
}  // namespace mpmt::benchmarks
