// The judge: its sequence of looks, with ratios that are given.
#include "benchmarks/judge/judge.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <stdexcept>

namespace mpmt::benchmarks {
namespace {

using Logs = std::vector<double>;

/// Rounds whose mean is ln(ratio), and that scatter by 1 % around it in a fixed pattern.
Logs around(double ratio, std::size_t count, double scatter = 0.01) {
  constexpr double pattern[] = {0.3, -1.1, 0.9, -0.4, 1.3, -1.0};
  Logs logs;
  for (std::size_t i = 0; i < count; ++i) logs.push_back(std::log(ratio) + scatter * pattern[i % 6]);
  return logs;
}

Logs normal(double centre, double scatter, std::size_t count, std::mt19937_64& random) {
  std::normal_distribution<double> draw(centre, scatter);
  Logs logs(count);
  for (auto& log : logs) log = draw(random);
  return logs;
}

TEST(JudgeOfLaps, a_round_says_the_median_of_its_laps) {
  EXPECT_DOUBLE_EQ(log_ratio_of({{100, 110}}), std::log(1.1));
  EXPECT_DOUBLE_EQ(log_ratio_of({{100, 110}, {200, 300}, {50, 60}}), std::log(1.2));
  EXPECT_THROW(log_ratio_of({}), std::invalid_argument);
  EXPECT_THROW(log_ratio_of({{0, 1}}), std::invalid_argument);
  EXPECT_THROW(log_ratio_of({{1, -1}}), std::invalid_argument);
  EXPECT_THROW(log_ratio_of({{std::numeric_limits<double>::infinity(), 1}}), std::invalid_argument);
}

TEST(Judge, too_few_rounds_say_nothing_yet) {
  for (const std::size_t count : {0U, 1U, 5U}) {
    const auto found = judge(around(1, count), {}, {});
    EXPECT_EQ(found.judgement, Judgement::undecided);
    EXPECT_EQ(found.rounds, 0);
    EXPECT_EQ(found.ratio, 0);
    EXPECT_EQ(found.more.rounds, 6 - static_cast<int>(count));
    EXPECT_EQ(found.more.confirming, 0);
  }
}

TEST(Judge, what_lies_within_the_margin_is_the_same) {
  const auto found = judge(around(1.002, 6), {}, {});
  EXPECT_EQ(found.judgement, Judgement::same);
  EXPECT_EQ(found.rounds, 6);
  EXPECT_NEAR(found.ratio, 1.002, 0.002);
  EXPECT_LT(found.high, 1.03);
  EXPECT_EQ(found.more.rounds + found.more.confirming, 0);
}

TEST(Judge, a_row_is_looked_at_after_fixed_numbers_of_rounds_only) {
  const auto found = judge(around(1.02, 10, 0.05), {}, {});
  EXPECT_EQ(found.rounds, 8);
  EXPECT_EQ(found.more.rounds, 1);
}

TEST(Judge, a_candidate_is_no_winner_before_it_is_confirmed) {
  const auto asked = judge(around(1.2, 6), {}, {});
  EXPECT_EQ(asked.judgement, Judgement::undecided);
  EXPECT_EQ(asked.more.rounds, 0);
  EXPECT_EQ(asked.more.confirming, 8);
  EXPECT_EQ(judge(around(1.2, 6), around(1.2, 3), {}).more.confirming, 5);
}

TEST(Judge, a_winner_has_the_size_that_its_confirming_series_shows) {
  const auto a = judge(around(1.2, 6), around(1.1, 8), {});
  EXPECT_EQ(a.judgement, Judgement::a_faster);
  EXPECT_NEAR(a.ratio, 1.1, 0.005);
  EXPECT_GT(a.low, 1);
  EXPECT_LT(a.high, 1.15);
  const auto b = judge(around(1 / 1.2, 6), around(1 / 1.1, 8), {});
  EXPECT_EQ(b.judgement, Judgement::b_faster);
  EXPECT_NEAR(b.ratio, 1 / 1.1, 0.005);
}

TEST(Judge, a_winner_whose_size_lies_within_the_margin_is_none) {
  const auto found = judge(around(1.04, 6), around(1.015, 8, 0.005), {});
  EXPECT_EQ(found.judgement, Judgement::same);
  EXPECT_NEAR(found.ratio, 1.015, 0.005);
  EXPECT_GT(found.low, 1) << "a real difference";
  EXPECT_LT(found.high, 1.03);
  EXPECT_EQ(found.more.rounds + found.more.confirming, 0);
}

TEST(Judge, what_a_series_of_its_own_does_not_show_stays_open) {
  for (const double other : {1.0, 1 / 1.2}) {
    const auto found = judge(around(1.2, 6), around(other, 8), {});
    EXPECT_EQ(found.judgement, Judgement::undecided) << other;
    EXPECT_EQ(found.more.rounds, 2);
  }
}

TEST(Judge, confirming_rounds_are_used_once) {
  auto confirming = around(1.0, 8);
  const auto fresh = around(1.2, 8);
  confirming.insert(confirming.end(), fresh.begin(), fresh.end());
  const auto found = judge(around(1.2, 8), confirming, {});
  EXPECT_EQ(found.judgement, Judgement::a_faster) << "by the second series, at the second look";
  EXPECT_EQ(found.rounds, 8);
  EXPECT_NEAR(found.ratio, 1.2, 0.01);
}

TEST(Judge, later_rounds_take_nothing_back) {
  auto rounds = around(1.0, 6);
  const auto first = judge(rounds, {}, {});
  ASSERT_EQ(first.judgement, Judgement::same);
  const auto wild = around(2.0, 100);
  rounds.insert(rounds.end(), wild.begin(), wild.end());
  const auto later = judge(rounds, wild, {});
  EXPECT_EQ(later.judgement, Judgement::same);
  EXPECT_EQ(later.rounds, 6);
  EXPECT_EQ(later.ratio, first.ratio);
}

TEST(Judge, more_rows_ask_for_more) {
  const auto rounds = around(1.1, 6, 0.02);
  const auto confirming = around(1.05, 8, 0.02);
  const Rules one;
  ASSERT_EQ(judge(rounds, confirming, one).judgement, Judgement::a_faster);
  Rules many;
  many.rows = 1000;
  EXPECT_EQ(judge(rounds, confirming, many).judgement, Judgement::undecided);
  EXPECT_GT(judge(rounds, confirming, many).detectable, judge(rounds, {}, one).detectable);
}

TEST(Judge, the_margin_is_what_is_asked_for) {
  Rules wide;
  wide.margin = 0.3;
  EXPECT_EQ(judge(around(1.2, 6), {}, wide).judgement, Judgement::same);
}

TEST(Judge, a_ratio_with_two_modes_is_unstable) {
  Logs rounds = around(1.0, 6);
  for (std::size_t i = 0; i < rounds.size(); i += 2) rounds[i] += std::log(1.6);
  const auto found = judge(rounds, {}, {});
  EXPECT_EQ(found.judgement, Judgement::unstable);
  EXPECT_NE(found.reason.find("two modes"), std::string::npos) << found.reason;
  EXPECT_EQ(found.more.rounds, 2) << "it may settle";
}

TEST(Judge, no_winner_is_named_by_a_mean_of_modes_on_either_side) {
  Logs confirming = around(1.5, 8);
  for (const std::size_t at : {1, 5}) confirming[at] = std::log(0.95);
  EXPECT_EQ(judge(around(1.9, 6), confirming, {}).judgement, Judgement::unstable);
}

TEST(Judge, no_winner_is_named_where_one_mode_is_as_good_as_the_same) {
  Logs confirming = around(1.5, 8);
  for (const std::size_t at : {1, 5}) confirming[at] = std::log(1.01);
  EXPECT_EQ(judge(around(1.9, 6), confirming, {}).judgement, Judgement::unstable);
  for (double& log : confirming) log = -log;
  EXPECT_EQ(judge(around(1 / 1.9, 6), confirming, {}).judgement, Judgement::unstable);
}

TEST(Judge, a_winner_in_both_modes_is_named) {
  Logs confirming = around(1.5, 8);
  for (std::size_t i = 0; i < 4; ++i) confirming[2 * i] += std::log(1.6);
  EXPECT_EQ(judge(around(1.9, 6), confirming, {}).judgement, Judgement::a_faster);
}

TEST(Judge, a_series_that_confirms_has_two_thirds_of_the_rounds_of_the_look) {
  EXPECT_EQ(confirming_for(6), kLeastConfirming);
  EXPECT_EQ(confirming_for(15), 10);
  EXPECT_EQ(confirming_for(20), 14);
  EXPECT_EQ(confirming_for(36), 24);
}

TEST(Judge, a_ratio_that_drifts_is_unstable) {
  Logs rounds = around(0.9, 10, 0.005);
  for (const double log : around(1.1, 10, 0.005)) rounds.push_back(log);
  const auto found = judge(rounds, around(1.0, 100, 0.05), {});  // which confirms neither
  EXPECT_EQ(found.judgement, Judgement::unstable);
  EXPECT_NE(found.reason.find("does not settle"), std::string::npos) << found.reason;
}

TEST(Judge, rounds_that_do_not_scatter_are_certain) {
  EXPECT_EQ(judge(Logs(6, 0.0), {}, {}).judgement, Judgement::same);
  EXPECT_EQ(judge(Logs(6, 0.1), Logs(8, 0.1), {}).judgement, Judgement::a_faster);
  EXPECT_EQ(judge(Logs(6, 0.1), Logs(8, -0.1), {}).judgement, Judgement::undecided);
}

TEST(Judge, a_row_that_cannot_be_decided_ends_at_the_last_look) {
  Logs rounds;
  for (int i = 0; i < 200; ++i) rounds.push_back((i % 2 == 0 ? 1 : -1) * (0.05 + 0.001 * (i % 17)));
  const auto found = judge(rounds, {}, {});
  EXPECT_EQ(found.judgement, Judgement::same) << "even this ends: its mean is known within the margin";
  Logs wild;
  for (int i = 0; i < 200; ++i) wild.push_back((i % 2 == 0 ? 1 : -1) * 0.02 * (i % 23));
  const auto open = judge(wild, {}, {});
  EXPECT_EQ(open.judgement, Judgement::undecided) << open.reason;
  EXPECT_EQ(open.rounds, looks().back());
  EXPECT_EQ(open.more.rounds + open.more.confirming, 0);
  EXPECT_NE(open.reason.find("last look"), std::string::npos) << open.reason;
}

TEST(Judge, what_is_detectable_is_detected_in_four_of_five) {
  constexpr int kSeries = 2000;
  std::mt19937_64 random(4);
  for (const int rounds : {6, 11, 27}) {
    for (const int rows : {1, 22}) {
      Rules rules;
      rules.rows = rows;
      rules.margin = 0.001;  // nothing ends as the same before
      double sum = 0;
      for (int i = 0; i < 200; ++i) {
        sum += judge(normal(0, 0.03, rounds, random), {}, rules).detectable;
      }
      const double effect = std::log1p(sum / 200);
      int named = 0;
      for (int i = 0; i < kSeries; ++i) {
        const auto found = judge(normal(effect, 0.03, rounds, random), normal(effect, 0.03, 200, random), rules);
        named += found.judgement == Judgement::a_faster;
      }
      EXPECT_NEAR(static_cast<double>(named) / kSeries, 0.8, 0.05) << rounds << " rounds, " << rows << " rows";
    }
  }
}

TEST(Judge, rules_and_ratios_out_of_range_are_refused) {
  const auto with = [](double margin, double confidence, int rows) {
    judge(around(1, 6), {}, {margin, confidence, rows});
  };
  EXPECT_THROW(with(0, 0.95, 1), std::invalid_argument);
  EXPECT_THROW(with(0.03, 1, 1), std::invalid_argument);
  EXPECT_THROW(with(0.03, 0.4, 1), std::invalid_argument);
  EXPECT_THROW(with(0.03, 0.95, 0), std::invalid_argument);
  EXPECT_THROW(judge({std::nan("")}, {}, {}), std::invalid_argument);
}

}  // namespace
}  // namespace mpmt::benchmarks
