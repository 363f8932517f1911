// The histogram's error bound, against sorted values.
#include "base/histogram.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace mpmt {
namespace {

using Values = std::vector<std::uint64_t>;

Histogram of(const Values& values) {
  Histogram histogram;
  for (const auto value : values) histogram.record(value);
  return histogram;
}

/// From 1 ns to more than an hour, evenly on a logarithmic scale.
Values random_values(std::size_t count, unsigned seed) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> exponent(0, 41.9);
  Values values(count);
  for (auto& value : values) value = static_cast<std::uint64_t>(std::exp2(exponent(random)));
  return values;
}

constexpr std::uint64_t kTop = (std::uint64_t{1} << Histogram::kMaxBits) - 1;

TEST(Histogram, each_value_is_in_the_bucket_that_says_so) {
  auto values = random_values(20'000, 1);
  for (std::uint64_t power = 1; power < kTop; power *= 2) values.insert(values.end(), {power - 1, power, power + 1});
  for (const auto value : values) {
    const auto bucket = Histogram::bucket_of(value);
    EXPECT_LE(Histogram::lowest_of(bucket), value);
    EXPECT_GT(Histogram::lowest_of(bucket) + Histogram::width_of(bucket), value);
  }
}

TEST(Histogram, buckets_follow_each_other_without_gaps) {
  for (std::size_t bucket = 0; bucket < Histogram::bucket_of(kTop); ++bucket) {
    const auto next = Histogram::lowest_of(bucket) + Histogram::width_of(bucket);
    ASSERT_EQ(next, Histogram::lowest_of(bucket + 1));
    ASSERT_EQ(Histogram::bucket_of(next), bucket + 1);
    ASSERT_EQ(Histogram::bucket_of(next - 1), bucket);
  }
}

TEST(Histogram, quantiles_are_within_one_128th_of_the_sorted_values) {
  for (const std::size_t count : {1U, 2U, 10U, 999U, 10'000U}) {
    auto values = random_values(count, 2);
    const auto histogram = of(values);
    std::sort(values.begin(), values.end());
    for (const double quantile : {0.001, 0.01, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999, 1.0}) {
      const auto rank = static_cast<std::size_t>(std::ceil(quantile * static_cast<double>(count)));
      const auto exact = static_cast<double>(values[std::max<std::size_t>(rank, 1) - 1]);
      EXPECT_NEAR(static_cast<double>(histogram.quantile(quantile)), exact, exact / 128) << quantile << " of " << count;
    }
    EXPECT_EQ(histogram.count(), count);
    EXPECT_EQ(histogram.max(), values.back());
    EXPECT_LE(histogram.quantile(1), histogram.max());
  }
}

TEST(Histogram, small_values_are_exact) {
  for (std::uint64_t value = 0; value < 128; ++value) EXPECT_EQ(of({value}).quantile(0.5), value);
}

TEST(Histogram, values_beyond_the_top_count_as_the_top_and_keep_their_maximum) {
  const auto histogram = of({~std::uint64_t{0}, kTop, kTop + 1});
  EXPECT_EQ(histogram.count(), 3U);
  EXPECT_EQ(histogram.max(), ~std::uint64_t{0});
  ASSERT_EQ(histogram.buckets().size(), 1U);
  EXPECT_EQ(histogram.buckets().front().first, Histogram::lowest_of(Histogram::bucket_of(kTop)));
}

TEST(Histogram, an_empty_one_says_zero) {
  Histogram histogram;
  EXPECT_EQ(histogram.count(), 0U);
  EXPECT_EQ(histogram.max(), 0U);
  EXPECT_EQ(histogram.quantile(0.5), 0U);
  EXPECT_TRUE(histogram.buckets().empty());
  histogram.record(5);
  histogram.clear();
  EXPECT_EQ(histogram.count(), 0U);
  EXPECT_TRUE(histogram.buckets().empty());
}

void expect_equal(const Histogram& one, const Histogram& other) {
  EXPECT_EQ(one.count(), other.count());
  EXPECT_EQ(one.max(), other.max());
  EXPECT_EQ(one.buckets(), other.buckets());
}

TEST(Histogram, merging_is_recording_all) {
  const auto first = random_values(500, 3);
  const auto second = random_values(700, 4);
  auto all = first;
  all.insert(all.end(), second.begin(), second.end());
  auto merged = of(first);
  merged.merge(of(second));
  expect_equal(merged, of(all));
  merged.merge(Histogram());
  expect_equal(merged, of(all));
}

TEST(Histogram, what_is_read_back_is_the_same) {
  const auto histogram = of(random_values(5000, 5));
  Histogram back;
  for (const auto& [lowest, count] : histogram.buckets()) back.add(lowest, count);
  back.raise_max(histogram.max());
  expect_equal(back, histogram);
  back.raise_max(1);
  EXPECT_EQ(back.max(), histogram.max());
  back.add(1, 0);
  expect_equal(back, histogram);
}

}  // namespace
}  // namespace mpmt
