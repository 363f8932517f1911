// The statistics behind a verdict, against published examples and scipy 1.10.1.
#include "benchmarks/judge/statistics.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <stdexcept>

namespace mpmt::benchmarks {
namespace {

using Values = std::vector<double>;

TEST(Statistics, the_median_is_the_middle_value_or_the_mean_of_the_middle_two) {
  EXPECT_EQ(median({3}), 3);
  EXPECT_EQ(median({3, 1, 2}), 2);
  EXPECT_EQ(median({4, 1, 3, 2}), 2.5);
  EXPECT_EQ(median({10.2, 11.8, 9.9, 10.4, 12.5}), 10.4);
  EXPECT_THROW(median({}), std::invalid_argument);
}

// numpy.mean, numpy.std(ddof=1), scipy.stats.variation(ddof=1)
TEST(Statistics, mean_deviation_and_variation_are_those_of_a_sample) {
  const Values values{10.2, 11.8, 9.9, 10.4, 12.5};
  EXPECT_NEAR(mean(values), 10.96, 1e-12);
  EXPECT_NEAR(standard_deviation(values), 1.1282730166054669, 1e-12);
  EXPECT_NEAR(variation(values), 0.10294461830341851, 1e-12);
  EXPECT_THROW(mean({}), std::invalid_argument);
}

TEST(Statistics, one_value_or_none_has_no_deviation) {
  for (const auto& values : {Values{}, {5}}) {
    EXPECT_EQ(standard_deviation(values), 0);
    EXPECT_EQ(variation(values), 0);
  }
  EXPECT_EQ(variation({-1, 1}), 0) << "a mean of 0";
}

struct Pairs {
  const char* source;
  Values numerators;
  Values denominators;
  RatioEstimate wanted;
};

// scipy: ttest_rel(log(a), log(b)), exp(mean ± t.ppf(0.975, n - 1) * sem)
const std::vector<Pairs> kPairs{
    {"five rounds, just not significant",
     {110, 121, 99.5, 105, 131},
     {100, 100, 101, 98, 111},
     {1.1064155236244828, 0.9996470292060272, 1.2245875545586606, 0.05049700949875578}},
    {"two rounds, which say nothing",
     {1.0, 2.0},
     {2.0, 1.5},
     {0.816496580927726, 0.0016059477404525373, 415.12351234966604, 0.750447587763993}},
    {"ten rounds of the same",
     {5.1, 5.3, 4.9, 5.0, 5.2, 5.15, 4.95, 5.05, 5.0, 5.1},
     {5.0, 5.2, 5.1, 4.9, 5.3, 5.0, 5.05, 5.1, 4.95, 5.0},
     {1.0029602531456534, 0.9863531089304938, 1.0198470104491546, 0.6981450412480419}},
    {"three rounds, nearly without variation",
     {2, 4, 8},
     {1, 2, 4.0001},
     {1.9999833336111057, 1.9999116255117728, 2.000055044281578, 1.445393745081787e-10}},
};

TEST(Statistics, a_paired_ratio_is_the_t_interval_of_its_logarithms) {
  for (const auto& pairs : kPairs) {
    SCOPED_TRACE(pairs.source);
    const auto found = paired_ratio(pairs.numerators, pairs.denominators);
    const auto near = [](double value, double wanted) { EXPECT_NEAR(value / wanted, 1, 1e-6); };
    near(found.ratio, pairs.wanted.ratio);
    near(found.low, pairs.wanted.low);
    near(found.high, pairs.wanted.high);
    near(found.p_value, pairs.wanted.p_value);
  }
}

// Student, "The probable error of a mean", Biometrika 6 (1908): extra hours of sleep. R's documentation of t.test has
// for the pairs t = -4.0621, df = 9, p = 0.002833, 95 % interval -2.4598858 to -0.7001142.
TEST(Statistics, a_paired_ratio_repeats_students_sleep_data) {
  Values first{0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0};
  Values second{1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4};
  for (auto* values : {&first, &second}) {
    for (double& value : *values) value = std::exp(value);
  }
  const auto found = paired_ratio(first, second);
  EXPECT_NEAR(std::log(found.low), -2.4598858, 1e-7);
  EXPECT_NEAR(std::log(found.high), -0.7001142, 1e-7);
  EXPECT_NEAR(found.p_value, 0.002833, 5e-7);
}

TEST(Statistics, a_ratio_without_variation_is_a_point) {
  const auto doubled = paired_ratio({2, 4}, {1, 2});
  EXPECT_EQ(doubled.ratio, 2);
  EXPECT_EQ(doubled.low, doubled.high);
  EXPECT_EQ(doubled.p_value, 0);
  EXPECT_EQ(paired_ratio({3, 3, 3}, {3, 3, 3}).p_value, 1);
}

TEST(Statistics, swapping_sides_inverts_the_ratio) {
  const auto& [source, a, b, wanted] = kPairs.front();
  const auto swapped = paired_ratio(b, a);
  EXPECT_NEAR(swapped.ratio * wanted.ratio, 1, 1e-12);
  EXPECT_NEAR(swapped.low * wanted.high, 1, 1e-12);
  EXPECT_NEAR(swapped.p_value, wanted.p_value, 1e-12);
}

TEST(Statistics, ratios_that_cannot_be_formed_are_refused) {
  EXPECT_THROW(paired_ratio({1}, {1}), std::invalid_argument);
  EXPECT_THROW(paired_ratio({1, 2}, {1}), std::invalid_argument);
  EXPECT_THROW(paired_ratio({1, 0}, {1, 1}), std::invalid_argument);
  EXPECT_THROW(paired_ratio({1, 1}, {1, -1}), std::invalid_argument);
  EXPECT_THROW(paired_ratio({1, std::nan("")}, {1, 1}), std::invalid_argument);
}

// As R's p.adjust(p, "holm").
TEST(Statistics, holm_corrects_step_by_step) {
  const std::vector<std::pair<Values, Values>> table{{{}, {}},
                                                     {{0.05}, {0.05}},
                                                     {{0.01, 0.04, 0.03, 0.005}, {0.03, 0.06, 0.06, 0.02}},
                                                     {{0.2, 0.2, 0.2}, {0.6, 0.6, 0.6}},
                                                     {{0.0001, 0.6, 0.02, 0.02, 0.9}, {0.0005, 1, 0.08, 0.08, 1}}};
  for (const auto& [raw, wanted] : table) {
    const auto adjusted = holm(raw);
    ASSERT_EQ(adjusted.size(), wanted.size());
    for (std::size_t i = 0; i < wanted.size(); ++i) EXPECT_NEAR(adjusted[i], wanted[i], 1e-12);
  }
}

struct ModeCase {
  const char* what;
  Values values;
  bool two;
  double low;
  double high;
  double low_share;
};

TEST(Statistics, two_modes_are_a_gap_with_enough_values_on_each_side) {
  const std::vector<ModeCase> table{
      {"none", {}, false, 0, 0, 1},
      {"one value", {1}, false, 0, 0, 1},
      {"a far pair alone", {1, 1, 10}, false, 0, 0, 1},
      {"one outlier of five", {1, 1, 1, 1, 10}, false, 0, 0, 1},
      {"two and two", {10, 1, 11, 1.1}, true, 1.05, 10.5, 0.5},
      {"two and three", {1, 2, 1, 2, 2}, true, 1, 2, 0.4},
      {"a gap of just 1.3", {1, 1, 1.3, 1.3}, false, 0, 0, 1},
      {"a gap of little more", {1, 1, 1.31, 1.31}, true, 1, 1.31, 0.5},
      {"less than a fifth above", {1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2}, false, 0, 0, 1},
      {"a fifth above", {1, 1, 1, 1, 1, 1, 1, 1, 2, 2}, true, 1, 2, 0.8},
      {"the wider of two gaps", {1, 1, 2, 2, 8, 8}, true, 1.5, 8, 4.0 / 6},
      {"zeros", {0, 0, 5, 5}, false, 0, 0, 1},
  };
  for (const auto& row : table) {
    SCOPED_TRACE(row.what);
    const auto found = modes(row.values);
    EXPECT_EQ(found.two, row.two);
    EXPECT_NEAR(found.low, row.low, 1e-12);
    EXPECT_NEAR(found.high, row.high, 1e-12);
    EXPECT_NEAR(found.low_share, row.low_share, 1e-12);
  }
}

TEST(Statistics, instability_says_why) {
  EXPECT_EQ(instability({}), "");
  EXPECT_EQ(instability({1}), "");
  EXPECT_EQ(instability({1, 1.02, 0.98, 1.01, 1}), "");
  EXPECT_EQ(instability({1, 1, 2, 2, 2}), "two modes 2x apart, 40 % of the trials in the faster");
  EXPECT_NE(instability({1, 1.2, 1.4, 1.6, 1.8}).find("vary by"), std::string::npos);
}

TEST(Statistics, the_order_of_values_does_not_matter) {
  std::mt19937 random(3);
  Values values{4, 4.1, 3.9, 9, 9.3, 8.8, 4.05};
  const auto why = instability(values);
  EXPECT_NE(why, "");
  for (int i = 0; i < 10; ++i) {
    std::shuffle(values.begin(), values.end(), random);
    EXPECT_EQ(instability(values), why);
    EXPECT_EQ(median(values), 4.1);
  }
}

// The t interval covers: of 2,000 intervals from five lognormal pairs, 95 % hold the truth (binomial: ± 1.5 % at 3 sd).
TEST(Statistics, the_interval_covers_the_truth_as_often_as_it_says) {
  std::mt19937_64 random(17);
  std::lognormal_distribution<double> noise(0, 0.1);
  int covered = 0;
  for (int i = 0; i < 2000; ++i) {
    Values a(5);
    Values b(5);
    for (auto& value : a) value = 1.2 * noise(random);
    for (auto& value : b) value = noise(random);
    const auto found = paired_ratio(a, b);
    covered += found.low <= 1.2 && 1.2 <= found.high;
  }
  EXPECT_NEAR(covered / 2000.0, 0.95, 0.015);
}

}  // namespace
}  // namespace mpmt::benchmarks
