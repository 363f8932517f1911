// The judge on recorded noise: how often `mpmt track compare` would have raised a false alarm, and what it would have
// found.
//
// data/noise/README.md says what was recorded. A draw is one comparison. A round is one lap: a recorded process and the
// next one of its session, sides drawn by coin, b made slower by the effect. Rounds start at a random place of a
// session and go on from there, whichever series they are for, as they do live; at the session's end they go on at its
// start, so that the longest comparisons use some twice. There are as many as the rule asks for and the budget affords:
// what fits into it, ten to twenty, times three.
// Seeds are fixed. MPMT_DRAWS in the environment: draws a cell.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <boost/math/distributions/binomial.hpp>
#include <cctype>
#include <cmath>
#include <iomanip>
#include <iostream>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "base/text.hpp"
#include "benchmarks/host/load.hpp"
#include "benchmarks/judge/judge.hpp"
#include "benchmarks/judge/statistics.hpp"
#include "recorded_noise.hpp"
#include "replayed.hpp"

namespace mpmt::benchmarks {
namespace {

constexpr int kRecordedCpus = 2;
constexpr double kSampling = 0.95;  // confidence of the intervals of shares

/// As many rounds as the rule asks for, if `most` of both kinds allow it.
template <typename Source>
Finding judged_within(int most, const Rules& rules, Source next_round) {
  std::vector<double> rounds;
  std::vector<double> confirming;
  auto finding = judge(rounds, confirming, rules);
  for (int wanted = finding.more.rounds; wanted > 0; wanted = finding.more.rounds + finding.more.confirming) {
    most -= wanted;
    if (most < 0) break;
    auto& series = finding.more.confirming > 0 ? confirming : rounds;
    for (int i = 0; i < wanted; ++i) series.push_back(next_round());
    finding = judge(rounds, confirming, rules);
  }
  return finding;
}

/// Three times what fits into the budget.
int affordable_rounds(const std::vector<Session>& sessions, double budget_s) {
  std::vector<double> walls;
  for (const auto& session : sessions) {
    for (const auto& process : session) walls.push_back(process.wall_s);
  }
  return 3 * std::clamp(static_cast<int>(budget_s / (2 * median(walls))), 10, 20);
}

/// b is slower.
constexpr auto kSlower = Judgement::a_faster;

/// What is promised of one kind of comparison. `target`: the share of `wanted` to be reached; where nothing changed,
/// the share of slower ones not to be exceeded.
struct NoiseCell {
  std::string noise;
  std::string mode;
  double budget_s = 0;
  double effect = 0;
  Judgement wanted = kSlower;
  double target = 0;

  bool of_alarms() const { return effect == 0 && wanted == kSlower; }
};

void PrintTo(const NoiseCell& cell, std::ostream* out) {
  *out << text(cell.noise, ' ', cell.mode, ' ', cell.budget_s, " s, ", 100 * cell.effect, " %, ", text_of(cell.wanted));
}

struct Played {
  int draws = 0;
  std::map<Judgement, int> judgements;

  double share(Judgement judgement) const {
    const auto found = judgements.find(judgement);
    return found == judgements.end() ? 0 : static_cast<double>(found->second) / draws;
  }
};

/// Within the sampling error of this many draws: the exact interval of Clopper and Pearson (Biometrika 26, 1934).
bool holds(const NoiseCell& cell, const Played& played) {
  using Binomial = boost::math::binomial_distribution<>;
  const double hits = std::round(played.share(cell.wanted) * played.draws);
  const double tail = (1 - kSampling) / 2;
  if (cell.of_alarms()) return Binomial::find_lower_bound_on_p(played.draws, hits, tail) <= cell.target;
  return Binomial::find_upper_bound_on_p(played.draws, hits, tail) >= cell.target;
}

Played play(const NoiseCell& cell, const Rules& rules, int draws) {
  std::mt19937_64 random(1);
  const auto sessions = sessions_of(cell.noise, cell.mode);
  const int most = affordable_rounds(sessions, cell.budget_s);
  Played played{draws, {}};
  for (int draw = 0; draw < draws; ++draw) {
    Neighbours neighbours(sessions, cell.effect, random);
    ++played.judgements[judged_within(most, rules, [&] { return neighbours.next(); }).judgement];
  }
  return played;
}

/// What `mpmt track compare` asks for, of one benchmark.
const Rules kOfOne{0.02, 0.95, 1};

std::vector<NoiseCell> cells() {
  std::vector<NoiseCell> all;
  const auto powers = [&](const std::string& noise, double budget_s, const std::array<double, 3>& targets) {
    all.push_back({noise, "short", budget_s, 0, kSlower, 0.005});
    constexpr std::array kEffects{0.03, 0.05, 0.10};
    for (std::size_t i = 0; i < kEffects.size(); ++i) {
      all.push_back({noise, "short", budget_s, kEffects[i], kSlower, targets[i]});
    }
  };
  powers("file_rw", 4, {0.80, 0.95, 0.99});
  powers("file_rw", 8, {0.95, 0.99, 0.99});
  powers("cv_pp_same", 4, {0.60, 0.90, 0.99});
  powers("cv_pp_same", 8, {0.90, 0.98, 0.99});
  powers("file_sync", 10, {0.60, 0.90, 0.98});
  powers("mem_chase", 20, {0.85, 0.95, 0.98});
  all.push_back({"mem_chase", "short", 20, 0.30, kSlower, 0.98});
  all.push_back({"mem_chase", "short", 20, 1.00, kSlower, 0.98});
  all.push_back({"file_rw", "loaded", 4, 0, kSlower, 0.005});
  all.push_back({"pipe_pp", "short", 4, 0, kSlower, 0.005});
  for (const double budget_s : {4, 8}) {
    for (const double effect : {0.0, 0.10}) {
      all.push_back({"pipe_pp", "short", budget_s, effect, Judgement::unstable, 0.95});
    }
  }
  return all;
}

class ReplayOfNoise : public ::testing::TestWithParam<NoiseCell> {};

TEST_P(ReplayOfNoise, what_is_promised_holds_within_the_sampling_error) {
  const auto& cell = GetParam();
  const auto played = play(cell, kOfOne, replay_draws());
  std::cout << std::fixed << std::setprecision(1) << "| " << cell.noise << ' ' << cell.mode << " | " << cell.budget_s
            << " s | +" << 100 * cell.effect << " % | " << text_of(cell.wanted)
            << (cell.of_alarms() ? " at most " : " at least ") << 100 * cell.target << " % |";
  for (const auto judgement :
       {Judgement::a_faster, Judgement::b_faster, Judgement::same, Judgement::undecided, Judgement::unstable}) {
    std::cout << ' ' << text_of(judgement) << ' ' << 100 * played.share(judgement) << " % |";
  }
  std::cout << '\n';
  EXPECT_TRUE(holds(cell, played)) << played.share(cell.wanted);
}

std::string name_of(const ::testing::TestParamInfo<NoiseCell>& info) {
  const auto& cell = info.param;
  auto name =
      text(cell.noise, '_', cell.mode, '_', cell.budget_s, "s_plus_", 100 * cell.effect, '_', text_of(cell.wanted));
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
}

/// Forty stable benchmarks against themselves, twenty rounds each and twice as many to go on with: whether any is
/// called slower.
bool suite_alarms(const std::array<std::vector<Session>, 4>& kinds, std::mt19937_64& random) {
  constexpr std::size_t kRows = 40;
  const Rules rules{kOfOne.margin, kOfOne.confidence, kRows};
  bool alarm = false;
  for (std::size_t row = 0; row < kRows; ++row) {
    Neighbours neighbours(kinds[row % kinds.size()], 0, random);
    alarm |= judged_within(60, rules, [&] { return neighbours.next(); }).judgement == kSlower;
  }
  return alarm;
}

TEST(ReplayOfSuites, forty_stable_benchmarks_against_themselves_raise_at_most_one_alarm_in_fifty_runs) {
  std::mt19937_64 random(1);
  const std::array kinds{sessions_of("file_rw", "short"), sessions_of("cv_pp_same", "short"),
                         sessions_of("file_sync", "short"), sessions_of("mem_chase", "short")};
  int alarms = 0;
  for (int run = 0; run < 50; ++run) alarms += suite_alarms(kinds, random);
  std::cout << "40 stable benchmarks against themselves, 50 runs: " << alarms << " with an alarm\n";
  EXPECT_LE(alarms, 1);
}

// ---- these tests can fail -------------------------------------------------------------------------------------------

const NoiseCell kSilent{"mem_chase", "short", 20, 0, kSlower, 0.005};

TEST(ReplaysCanFail, a_confidence_of_one_half_without_a_margin_would_be_caught) {
  EXPECT_FALSE(holds(kSilent, play(kSilent, {1e-6, 0.5, 1}, 2000)));
}

TEST(ReplaysCanFail, a_rule_that_finds_nothing_would_be_caught) {
  const NoiseCell found{"file_rw", "short", 4, 0.05, kSlower, 0.95};
  EXPECT_FALSE(holds(found, play(found, {0.5, 0.95, 1}, 50)));
}

/// A machine whose second process of each pair is always 5 % slower, say by its clock speed.
int slower_by_a_drift(bool order_is_drawn, int comparisons) {
  std::mt19937_64 random(1);
  int slower = 0;
  for (int i = 0; i < comparisons; ++i) {
    const auto next = [&] {
      std::normal_distribution noise(100.0, 0.5);
      const double first = noise(random);
      const double second = 1.05 * noise(random);
      const bool swapped = order_is_drawn && std::bernoulli_distribution()(random);
      return log_ratio_of({swapped ? Lap{second, first} : Lap{first, second}});
    };
    slower += judged_within(60, kOfOne, next).judgement == kSlower;
  }
  return slower;
}

TEST(ReplaysCanFail, without_a_random_order_a_drift_inside_pairs_would_be_called_slower) {
  EXPECT_EQ(slower_by_a_drift(false, 40), 40);
  EXPECT_LE(slower_by_a_drift(true, 400), 6);  // 0.5 %, within the sampling error
}

TEST(ReplaysCanFail, a_cell_holds_within_its_sampling_error_only) {
  const auto hits = [](int count, Judgement judgement) { return Played{2000, {{judgement, count}}}; };
  const NoiseCell powerful{"", "", 1, 0.1, kSlower, 0.95};
  const NoiseCell unstable{"", "", 1, 0, Judgement::unstable, 0.95};
  EXPECT_TRUE(holds(kSilent, hits(10, kSlower)));
  EXPECT_FALSE(holds(kSilent, hits(30, kSlower)));
  EXPECT_TRUE(holds(powerful, hits(1890, kSlower)));
  EXPECT_FALSE(holds(powerful, hits(1850, kSlower)));
  EXPECT_TRUE(holds(unstable, hits(2000, Judgement::unstable)));
  EXPECT_FALSE(holds(unstable, hits(100, Judgement::unstable)));
}

// ---- the recordings -------------------------------------------------------------------------------------------------

TEST(ReplayedNoise, has_enough_processes_in_order_that_a_run_would_not_have_measured_again) {
  for (const std::string noise : {"cv_pp_same", "file_rw", "file_sync", "mem_chase", "pipe_pp"}) {
    std::size_t processes = 0;
    for (const auto& session : sessions_of(noise, "short")) {
      processes += session.size();
      EXPECT_GE(session.size(), 2U) << noise;
      for (std::size_t at = 0; at < session.size(); ++at) {
        const auto& one = session[at];
        const auto& next = session[(at + 1) % session.size()];
        EXPECT_GT(std::min(one.wall_s, one.median_ns), 0) << noise;
        EXPECT_TRUE(at + 1 == session.size() || one.start_s <= next.start_s) << noise;
        Load::Others others;
        others.steal_ns = static_cast<std::int64_t>((one.stolen_s + next.stolen_s) * 1e9);
        others.available_ns = (one.wall_s + next.wall_s) * kRecordedCpus * 1e9;
        EXPECT_EQ((Load{others, {}, {}}.disturbance()), "") << noise;
      }
    }
    EXPECT_GE(processes, 60U) << noise;
  }
}

INSTANTIATE_TEST_SUITE_P(cells, ReplayOfNoise, ::testing::ValuesIn(cells()), name_of);

}  // namespace
}  // namespace mpmt::benchmarks
