// The judge on recorded laps: how often it errs, what it finds, and what that costs.
//
// data/laps/quick_epyc_2cpu.txt: one round a line, "workload workers kind round a:b a:b ...", ns per task of eight laps
// of 6 ms each, of the 22 rows of `quick`, recorded on a noisy virtual machine with two CPUs (AMD EPYC, KVM), 40 rounds
// each: kinds tt and pp have the same executor on both sides (threads, processes), tp has threads as a and processes as
// b.
//
// Rounds are drawn in contiguous blocks, so that what drifts drifts on. Where nothing is to differ the signs of the
// ratios are drawn, too, so that the truth is exactly 1. Seeds are fixed. MPMT_DRAWS in the environment: tables to be
// drawn.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <fstream>
#include <iostream>
#include <map>
#include <random>
#include <sstream>

#include "benchmarks/judge/judge.hpp"
#include "replayed.hpp"

namespace mpmt::benchmarks {
namespace {

using Logs = std::vector<double>;

/// Of one row, what each round says.
struct Recorded {
  Logs same;   ///< the same executor on both sides
  Logs other;  ///< threads against processes
};

std::map<std::string, Recorded> recorded_rows() {
  std::map<std::string, Recorded> rows;
  std::ifstream in(MPMT_SOURCE_DIR "/tests/data/laps/quick_epyc_2cpu.txt");
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line);
    std::string workload;
    std::string kind;
    int workers = 0;
    int round = 0;
    words >> workload >> workers >> kind >> round;
    std::vector<Lap> laps;
    char colon = 0;
    for (Lap lap; words >> lap.a_ns >> colon >> lap.b_ns;) laps.push_back(lap);
    auto& row = rows[workload + " w" + std::to_string(workers)];
    (kind == "tp" ? row.other : row.same).push_back(log_ratio_of(laps));
  }
  return rows;
}

int tables() {
  return replay_draws();
}

class Replay : public ::testing::Test {
 protected:
  /// As many rounds, in blocks of four that follow each other.
  Logs drawn(const Logs& from, std::size_t count, bool signs) {
    std::uniform_int_distribution<std::size_t> any(0, from.size() - 1);
    std::bernoulli_distribution coin;
    Logs logs;
    while (logs.size() < count) {
      const auto start = any(random_);
      for (std::size_t i = 0; i < 4 && logs.size() < count; ++i) {
        const double log = from[(start + i) % from.size()];
        logs.push_back(signs && coin(random_) ? -log : log);
      }
    }
    return logs;
  }

  /// A whole sequence of a row whose sides are the same, but for a true ratio of exp(effect).
  Finding judged(const Recorded& row, double effect) {
    auto rounds = drawn(row.same, kMostRounds, true);
    auto confirming = drawn(row.same, kMostConfirming, true);
    for (auto* const series : {&rounds, &confirming}) {
      for (double& log : *series) log += effect;
    }
    return judge(rounds, confirming, rules_);
  }

  static constexpr std::size_t kMostRounds = 112;
  static constexpr std::size_t kMostConfirming = 420;

  const std::map<std::string, Recorded> rows_ = recorded_rows();
  const Rules rules_{0.03, 0.95, 22};
  std::mt19937_64 random_{20261126};
};

bool names_a_winner(const Finding& found) {
  return found.judgement == Judgement::a_faster || found.judgement == Judgement::b_faster;
}

TEST_F(Replay, has_all_rows) {
  EXPECT_EQ(rows_.size(), 22U);
  for (const auto& [name, row] : rows_) {
    EXPECT_EQ(row.same.size(), 80U) << name;
    EXPECT_EQ(row.other.size(), 40U) << name;
  }
}

TEST_F(Replay, no_winner_where_nothing_differs) {
  int alarms = 0;
  int same = 0;
  long rounds = 0;
  for (int table = 0; table < tables(); ++table) {
    bool alarm = false;
    for (const auto& [name, row] : rows_) {
      const auto found = judged(row, 0);
      alarm = alarm || names_a_winner(found);
      same += found.judgement == Judgement::same;
      rounds += found.rounds;
    }
    alarms += alarm;
  }
  const double all = 22.0 * tables();
  std::cout << "tables with a false winner: " << 100.0 * alarms / tables()
            << " %; rows called the same: " << 100 * same / all
            << " %; rounds a table: " << static_cast<double>(rounds) / tables() << '\n';
  EXPECT_LE(alarms, tables() / 100);
  EXPECT_GE(same, 0.98 * all);
}

TEST_F(Replay, differences_beyond_the_margin_are_found) {
  for (const auto& [effect, least] : {std::pair(0.05, 0.95), {0.10, 0.99}}) {
    long found = 0;
    long missed = 0;
    double worst = 1;
    for (const auto& [name, row] : rows_) {
      int of_row = 0;
      for (int draw = 0; draw < tables(); ++draw) {
        const auto finding = judged(row, std::log1p(effect));
        of_row += finding.judgement == Judgement::a_faster;
        missed += finding.judgement == Judgement::same || finding.judgement == Judgement::b_faster;
      }
      found += of_row;
      worst = std::min(worst, static_cast<double>(of_row) / tables());
    }
    const double all = 22.0 * tables();
    std::cout << "a true + " << 100 * effect << " %: found " << 100 * static_cast<double>(found) / all
              << " %, in the worst row " << 100 * worst << " %, called something else "
              << 100 * static_cast<double>(missed) / all << " %\n";
    EXPECT_GE(static_cast<double>(found) / all, least);
    EXPECT_LE(static_cast<double>(missed) / all, 0.01);
  }
}

TEST_F(Replay, a_difference_of_the_margin_is_seldom_called_the_same) {
  long same = 0;
  for (const auto& [name, row] : rows_) {
    for (int draw = 0; draw < tables(); ++draw) {
      same += judged(row, std::log1p(rules_.margin)).judgement == Judgement::same;
    }
  }
  const double share = static_cast<double>(same) / (22.0 * tables());
  std::cout << "a true + 3 % called the same: " << 100 * share << " %\n";
  EXPECT_LE(share, 0.08);
}

TEST_F(Replay, threads_against_processes_are_decided) {
  int decided = 0;
  long rounds = 0;
  for (int table = 0; table < tables(); ++table) {
    for (const auto& [name, row] : rows_) {
      const auto found = judge(drawn(row.other, kMostRounds, false), drawn(row.other, kMostConfirming, false), rules_);
      decided += found.judgement == Judgement::same || names_a_winner(found);
      rounds += found.rounds;
    }
  }
  const double share = decided / (22.0 * tables());
  std::cout << "threads against processes: decided " << 100 * share << " %, rounds a table "
            << static_cast<double>(rounds) / tables() << '\n';
  EXPECT_GE(share, 0.97);
}

/// The printed difference is taken as the truth of as many series again, and found in 80 % of them.
TEST_F(Replay, what_is_detectable_is_detected) {
  for (const std::size_t count : {8U, 20U}) {
    long named = 0;
    long all = 0;
    for (const auto& [name, row] : rows_) {
      Rules rules = rules_;
      rules.margin = 1e-3;  // nothing ends as the same before
      double sum = 0;
      const int draws = std::max(50, tables() / 5);
      for (int draw = 0; draw < draws; ++draw) {
        sum += judge(drawn(row.same, count, true), {}, rules).detectable;
      }
      for (int draw = 0; draw < draws; ++draw, ++all) {
        auto rounds = drawn(row.same, count, true);
        auto confirming = drawn(row.same, kMostConfirming, true);
        for (auto* const series : {&rounds, &confirming}) {
          for (double& log : *series) log += std::log1p(sum / draws);
        }
        named += judge(rounds, confirming, rules).judgement == Judgement::a_faster;
      }
    }
    const double share = static_cast<double>(named) / static_cast<double>(all);
    std::cout << count << " rounds: what they say they would detect is detected in " << 100 * share << " %\n";
    EXPECT_NEAR(share, 0.8, 0.05);
  }
}

}  // namespace
}  // namespace mpmt::benchmarks
