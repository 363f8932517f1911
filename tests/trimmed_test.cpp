// The trimmed mean against scipy 1.10.1.
#include "benchmarks/judge/trimmed.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>

namespace mpmt::benchmarks {
namespace {

const std::vector<double> kValues{0.012, -0.004, 0.031, 0.007, 0.009, -0.2, 0.015, 0.001, 0.3, 0.011, 0.006, -0.008};

// scipy.stats.trim_mean(v, 0.2), and Yuen's two-sample t of v and -v: scipy.stats.ttest_ind(v, -v, trim=0.2)
TEST(Trimmed, mean_and_error_are_yuens) {
  const auto found = trimmed(kValues);
  EXPECT_NEAR(found.mean, 0.007125, 1e-15);
  EXPECT_EQ(found.freedom, 7);
  EXPECT_NEAR(2 * found.mean / (std::sqrt(2) * found.error), 2.992509351606336, 1e-12);
  EXPECT_NEAR(found.half_width(0.05), 0.00796207913194581, 1e-11);
}

TEST(Trimmed, wild_values_do_not_matter_up_to_a_fifth) {
  auto wilder = kValues;
  wilder[5] = -1e9;
  wilder[8] = 1e9;
  EXPECT_EQ(trimmed(wilder).mean, trimmed(kValues).mean);
  EXPECT_EQ(trimmed(wilder).error, trimmed(kValues).error);
}

TEST(Trimmed, fewer_than_five_values_are_a_plain_sample) {
  const auto found = trimmed({1, 2, 4});
  EXPECT_NEAR(found.mean, 7.0 / 3, 1e-15);
  EXPECT_NEAR(found.error, 0.8819171036881969, 1e-15) << "scipy.stats.sem";
  EXPECT_EQ(found.freedom, 2);
}

TEST(Trimmed, without_scatter_there_is_no_interval) {
  EXPECT_EQ(trimmed({3, 3, 3, 3, 3, 3}).half_width(0.05), 0);
}

TEST(Trimmed, one_value_is_not_enough) {
  EXPECT_THROW(trimmed({1}), std::invalid_argument);
  EXPECT_THROW(trimmed({}), std::invalid_argument);
}

// scipy.stats.nct.sf(scipy.stats.t.ppf(1 - a/2, df), df, distance)
TEST(Trimmed, power_is_that_of_the_non_central_t) {
  EXPECT_NEAR(power_of_t(7, 0.01, 3), 0.3960469805618387, 1e-9);
  EXPECT_NEAR(power_of_t(19, 0.05 / 22, 5), 0.906889279394834, 1e-9);
  EXPECT_NEAR(power_of_t(5, 0.01, 0), 0.005, 1e-12) << "where nothing differs, half of the two-sided error";
  EXPECT_EQ(power_of_t(5, 0.01, 1e6), 1);
}

}  // namespace
}  // namespace mpmt::benchmarks
