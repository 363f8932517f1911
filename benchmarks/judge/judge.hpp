// a or b: what rounds of laps allow to say. Pure functions; the only ones that decide.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mpmt::benchmarks {

/// One short block of either contender, one right after the other, in ns per task or operation; above 0.
struct Lap {
  double a_ns = 0;
  double b_ns = 0;
};

/// What a round says: the median over its laps of ln(b ÷ a). What drifts within a second is the same for both sides of
/// a lap and falls out; the median passes over single laps that somebody else has disturbed. Throws
/// std::invalid_argument for no laps, and for times that are not above 0.
double log_ratio_of(const std::vector<Lap>& laps);

/// By what a row is judged.
struct Rules {
  double margin = 0.03;  ///< ratios from 1 ÷ (1 + margin) to 1 + margin are as good as 1; above 0
  double confidence =
      0.95;      ///< of what is said of one row; of tables, a fifth of the rest may have a false winner; 0.5 to below 1
  int rows = 1;  ///< of the table for which that holds; 1 or more
};

/// After how many rounds a row is looked at.
const std::vector<int>& looks();
/// Rounds of a series that confirms a candidate, at least.
inline constexpr int kLeastConfirming = 8;
/// Rounds of the series that confirms a candidate of the look after `look` rounds: two thirds as many.
int confirming_for(int look);

enum class Judgement { a_faster, b_faster, same, undecided, unstable };
std::string_view text_of(Judgement judgement);

/// What is missing for the next step; nothing when the row is decided, or has been looked at for the last time.
struct More {
  int rounds = 0;
  int confirming = 0;
};

struct Finding {
  Judgement judgement = Judgement::undecided;
  int rounds = 0;    ///< of all that were given, those that were looked at
  double ratio = 0;  ///< b ÷ a; 0 where too few rounds were given to say anything, and so are the next
  double low = 0;    ///< its two-sided interval at the rules' confidence
  double high = 0;
  double detectable = 0;  ///< a true ratio of 1 + this is named a winner in 80 of 100 such series
  std::string reason;     ///< in words, of every judgement
  More more;
};

/// exp of a mean of logs, with its two-sided interval.
struct Interval {
  double ratio = 0;
  double low = 0;
  double high = 0;
};

/// Of all these rounds: for who fixes their number beforehand, and looks once. By the 20 % trimmed mean, as judge()
/// does. Needs 2 rounds at least, or throws std::invalid_argument.
Interval interval_of(const std::vector<double>& rounds, double confidence);

/// Judges one row. `rounds` and `confirming` are what log_ratio_of() says of each round, in the order in which they
/// were made; all are independent (fresh processes), and none of the confirming ones is among the rounds.
///
/// A sequence of looks, after 6, 8, 11, 15, 20, 27, 36, 48, 64, 85 and 112 rounds. At each, m is the 20 % trimmed mean
/// of the rounds so far, with its standard error and degrees of freedom after Yuen (Biometrika 61, 1974, 165-170):
///
/// 1. `same`, when the two one-sided intervals at (1 - confidence) ÷ 2 lie within the margin (Schuirmann,
///    J. Pharmacokin. Biopharm. 15, 1987, 657-680);
/// 2. otherwise there is a candidate, when the two-sided interval at (1 - confidence) ÷ 5 excludes 0. It is confirmed
///    by a series of its own, of two thirds as many rounds and 8 at least: `a_faster` or `b_faster` when that series
///    alone excludes 0 on the same side at 2 ÷ (looks × rows), or at 1 - confidence where that is less. Ratio and
///    interval are then those of that series, which did not choose the winner; where they lie within the margin, as in
///    1, the difference is real and too small to count, and the row is `same`;
/// 3. otherwise the row stays open, and what confirming rounds were used are used up.
///
/// Whoever chooses when to look chooses nothing here: the looks are fixed, and what was decided at one is not taken
/// back by later rounds. A false winner needs a candidate and, independently of it, its confirmation on the same side:
/// in no more than (1 - confidence) ÷ 5 of tables is there one, by union bounds over looks and rows. Where no verdict
/// falls, `unstable` says that the rounds have two modes or drift, so that more of them would not decide; two modes in
/// the series that decides make it `unstable`, too, since a mean of them describes neither: but not where a confirmed
/// winner is faster in either mode, by more than the margin.
///
/// `detectable` is worked out for this very rule, all looks so far and the correction for the rows included, from the
/// scatter of the rounds, by the non-central t distribution.
///
/// Throws std::invalid_argument for rules out of range and for ratios that are not finite.
Finding judge(const std::vector<double>& rounds, const std::vector<double>& confirming, const Rules& rules);

}  // namespace mpmt::benchmarks
