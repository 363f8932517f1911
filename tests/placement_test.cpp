// Where workers run, and in which order they are woken.
#include "executors/placement.hpp"

#include <gtest/gtest.h>

namespace mpmt::executors {
namespace {

Config config_of(Placement placement, int workers, std::vector<int> cpus) {
  Config config;
  config.placement = placement;
  config.workers = workers;
  config.cpus = std::move(cpus);
  return config;
}

TEST(WakingOrder, whoever_shares_the_submitters_cpu_is_woken_last) {
  struct Row {
    Config config;
    std::vector<int> wanted;
  };
  const std::vector<Row> table{
      {config_of(Placement::spread, 1, {0, 1}), {0}},           // the submitter is on CPU 1
      {config_of(Placement::spread, 2, {0, 1}), {1, 0}},        // on 0
      {config_of(Placement::spread, 4, {0, 1}), {1, 3, 0, 2}},  // on 0
      {config_of(Placement::spread, 3, {5, 7}), {0, 2, 1}},     // on 7
      {config_of(Placement::spread, 3, {0, 1, 2, 3}), {0, 1, 2}},
      {config_of(Placement::same, 3, {4, 5}), {0, 1, 2}},
      {config_of(Placement::free, 3, {0, 1}), {0, 1, 2}},
  };
  for (const auto& row : table) {
    EXPECT_EQ(waking_order(row.config), row.wanted) << row.config.workers << " workers";
  }
}

}  // namespace
}  // namespace mpmt::executors
