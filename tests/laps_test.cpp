// How many laps make the best use of time.
#include "benchmarks/run/laps.hpp"

#include <gtest/gtest.h>

#include <numbers>
#include <vector>

namespace mpmt::benchmarks {
namespace {

TEST(Laps, as_many_as_make_the_best_use_of_time) {
  constexpr double laps_variance = 2 / std::numbers::pi;  // of medians of n laps: 1 / n
  struct Row {
    double beside_s;
    double lap_s;
    double between_laps;
    double left;  // of the variance between rounds, after the part of 20 laps is taken off
    int wanted;
  };
  const std::vector<Row> table{
      {0.1, 0.01, laps_variance, 0.1, 10},      // √(10 × 1 ÷ 0.1)
      {0.1, 0.01, laps_variance, 0.01, 32},     // √1000
      {0.1, 0.01, laps_variance, 0.005, 40},    // √2000 = 45: more than four times the cost beside laps
      {0.4, 0.01, laps_variance, 0.1, 20},      // four times the cost beside laps: twice as many
      {0.1, 0.04, 4 * laps_variance, 0.1, 10},  // laps four times as long, and with four times the variance
      {0.1, 0.01, laps_variance, 10, 5},        // rounds scatter: few laps
      {0.1, 0.01, laps_variance, 1e-9, 40},     // laps scatter: many
      {1, 0.01, laps_variance, 1e-9, 100},      // and more where a round costs more, but no more than that
      {0.1, 0.01, laps_variance, -0.01, 40},    // laps explain more than there is
      {0.1, 0.01, 0, 0.1, 5},                   // laps do not scatter
      {0.1, 0, laps_variance, 0.1, 5},          // nothing is known
  };
  for (std::size_t i = 0; i < table.size(); ++i) {
    const auto& row = table[i];
    const double of_laps = row.between_laps * std::numbers::pi / 2 / 20;
    EXPECT_EQ(laps_for(row.beside_s, row.lap_s, row.between_laps, of_laps + row.left, 20), row.wanted) << "row " << i;
  }
}

}  // namespace
}  // namespace mpmt::benchmarks
