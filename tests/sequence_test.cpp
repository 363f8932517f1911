// A row while its rounds come in: the same finding as from the series that the rule asks for.
#include "benchmarks/judge/sequence.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace mpmt::benchmarks {
namespace {

/// A little scatter around ln(ratio), in a fixed pattern.
double near_ratio(double ratio, std::size_t i) {
  constexpr double pattern[] = {0.3, -1.1, 0.9, -0.4, 1.3, -1.0, 0.0};
  return std::log(ratio) + 0.002 * pattern[i % 7];
}

TEST(Sequence, nothing_is_found_in_nothing) {
  const Sequence sequence{Rules()};
  EXPECT_TRUE(sequence.open());
  EXPECT_EQ(sequence.rounds(), 0U);
  EXPECT_EQ(sequence.finding().rounds, 0);
  EXPECT_EQ(sequence.finding().more.rounds, looks().front());
}

TEST(Sequence, what_is_the_same_ends_at_the_first_look_and_later_rounds_are_ignored) {
  Sequence sequence{Rules()};
  for (std::size_t i = 0; i < 6; ++i) {
    EXPECT_TRUE(sequence.open());
    sequence.add(near_ratio(1, i));
  }
  EXPECT_FALSE(sequence.open());
  EXPECT_EQ(sequence.finding().judgement, Judgement::same);
  const auto ratio = sequence.finding().ratio;
  sequence.add(5);
  EXPECT_EQ(sequence.rounds(), 6U);
  EXPECT_EQ(sequence.finding().ratio, ratio);
}

TEST(Sequence, rounds_after_a_candidate_are_those_that_confirm_it) {
  Sequence sequence{Rules()};
  std::size_t i = 0;
  for (; i < 6; ++i) sequence.add(near_ratio(1.5, i));
  EXPECT_EQ(sequence.finding().judgement, Judgement::undecided);
  EXPECT_EQ(sequence.finding().more.confirming, 8);
  for (; i < 14; ++i) {
    EXPECT_TRUE(sequence.open());
    sequence.add(near_ratio(1.2, i));
  }
  EXPECT_FALSE(sequence.open());
  EXPECT_EQ(sequence.finding().judgement, Judgement::a_faster);
  EXPECT_NEAR(sequence.finding().ratio, 1.2, 0.005) << "the size is that of the rounds that did not choose it";
  EXPECT_EQ(sequence.rounds(), 14U);
}

TEST(Sequence, after_a_series_that_confirms_nothing_rounds_are_rounds_again) {
  Sequence sequence{Rules()};
  for (std::size_t i = 0; i < 6; ++i) sequence.add(near_ratio(1.5, i));
  for (std::size_t i = 0; i < 8; ++i) sequence.add(near_ratio(0.9, i));
  EXPECT_EQ(sequence.finding().judgement, Judgement::undecided);
  EXPECT_EQ(sequence.finding().more.confirming, 0);
  EXPECT_EQ(sequence.finding().more.rounds, 2);
  for (std::size_t i = 6; i < 8; ++i) sequence.add(near_ratio(1.5, i));
  EXPECT_EQ(sequence.finding().rounds, 8);
  EXPECT_EQ(sequence.finding().more.confirming, 8);
}

TEST(Sequence, a_row_that_is_never_decided_is_closed_after_its_last_look) {
  Sequence sequence{Rules()};
  std::size_t given = 0;
  for (; sequence.open() && given < 10'000; ++given)
    sequence.add((given % 2 == 0 ? 1 : -1) * 0.02 * double(given % 23));
  EXPECT_FALSE(sequence.open());
  EXPECT_EQ(sequence.finding().rounds, looks().back());
  EXPECT_EQ(sequence.rounds(), given) << "none was ignored while it was open";
}

}  // namespace
}  // namespace mpmt::benchmarks
