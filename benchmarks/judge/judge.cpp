#include "benchmarks/judge/judge.hpp"

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <map>
#include <sstream>
#include <stdexcept>
#include <tuple>

#include "base/text.hpp"
#include "benchmarks/judge/statistics.hpp"
#include "benchmarks/judge/trimmed.hpp"

namespace mpmt::benchmarks {
namespace {

/// A candidate is looked for at this share of 1 - confidence: often enough for a true difference to be confirmed soon,
/// seldom enough for confirming series not to be spent on noise.
constexpr double kCandidateShare = 0.2;
constexpr double kWantedPower = 0.8;
/// Halves of a series that differ with this probability of error drift.
constexpr double kDrift = 0.001;

double candidate_error(const Rules& rules) {
  return (1 - rules.confidence) * kCandidateShare;
}

/// Of rows whose sides are equal at most looks × candidate_error() ever have a candidate, and a series that is
/// independent of what chose it errs on the candidate's side with half of its error. So this keeps the share of tables
/// with a false winner below candidate_error(), by union bounds over looks and rows. No winner is named that its own
/// interval does not show.
double confirming_error(const Rules& rules) {
  return std::min(1 - rules.confidence, 2.0 / (static_cast<double>(looks().size()) * rules.rows));
}

using Logs = std::vector<double>;

Logs part_of(const Logs& series, int from, int count) {
  return {series.begin() + from, series.begin() + from + count};
}

bool excludes_zero(const Trimmed& estimate, double two_sided) {
  return std::abs(estimate.mean) > estimate.half_width(two_sided);
}

Interval interval_of(const Trimmed& estimate, double confidence) {
  const double half = estimate.half_width(1 - confidence);
  return {std::exp(estimate.mean), std::exp(estimate.mean - half), std::exp(estimate.mean + half)};
}

std::string in_percent(double share, int digits = 1) {
  std::ostringstream out;
  out << std::fixed << std::setprecision(digits) << 100 * share << " %";
  return out.str();
}

Modes modes_in(const Logs& logs) {
  Logs ratios;
  for (const double log : logs) ratios.push_back(std::exp(log));
  return modes(ratios);
}

/// "two modes 1.5x apart", or empty.
std::string words_of(const Modes& found) {
  if (!found.two) return {};
  std::ostringstream out;
  out << "the ratio has two modes " << std::setprecision(2) << found.high / found.low << "x apart, "
      << in_percent(found.low_share, 0) << " of the rounds in the lower";
  return out.str();
}

/// Whether the first half of the rounds says something else than the second, by more than the margin; Welch's test with
/// Yuen's errors.
std::string drift_of(const Logs& logs, double margin) {
  const auto count = static_cast<int>(logs.size());
  const auto early = trimmed(part_of(logs, 0, count / 2));
  const auto late = trimmed(part_of(logs, count / 2, count - count / 2));
  const double change = late.mean - early.mean;
  const Trimmed difference{change, std::hypot(early.error, late.error), std::min(early.freedom, late.freedom)};
  if (std::abs(change) <= margin || !excludes_zero(difference, kDrift)) return {};
  return text("the ratio does not settle: the second half of the rounds lies ", in_percent(std::expm1(change)),
              " from the first");
}

/// Of true differences, in standard deviations of a round, the share that is named a winner at or before the look after
/// `rounds` rounds. Candidates at successive looks share their rounds: who is one is taken to stay one. Confirming
/// series are independent.
double power_of_rules(double effect, int rounds, const Rules& rules) {
  const auto shown = [&](int count, double error) {
    return power_of_t(freedom_of(count), error, effect * std::sqrt(static_cast<double>(count)));
  };
  std::vector<double> first;  // who becomes a candidate at each look
  std::vector<double> confirmed;
  double candidates = 0;
  for (const int look : looks()) {
    if (look > rounds) break;
    const double now = std::max(candidates, shown(look, candidate_error(rules)));
    first.push_back(now - candidates);
    confirmed.push_back(shown(confirming_for(look), confirming_error(rules)));
    candidates = now;
  }
  double missed = 1;  // of those who are candidates from a look on, the share that no series confirms
  double named = 0;
  for (std::size_t from = first.size(); from-- > 0;) {
    missed *= 1 - confirmed[from];
    named += first[from] * (1 - missed);
  }
  return named;
}

/// The smallest difference, in standard deviations of a round, that is named with kWantedPower.
double detectable_effect(int rounds, const Rules& rules) {
  // Remembered, since all rows of a table ask for a few of them: the distributions take some milliseconds.
  thread_local std::map<std::tuple<int, double, int>, double> known;
  const std::tuple key(rounds, rules.confidence, rules.rows);
  if (const auto found = known.find(key); found != known.end()) return found->second;
  double low = 0;
  double high = 1;
  while (power_of_rules(high, rounds, rules) < kWantedPower) high *= 2;
  while (high - low > 1e-3 * high) {
    const double middle = (low + high) / 2;
    (power_of_rules(middle, rounds, rules) < kWantedPower ? low : high) = middle;
  }
  return known[key] = high;
}

/// The standard deviation of a round for which a mean of normal ones has this error on average: its estimate from few
/// rounds is too small by c4 of its degrees of freedom (W. A. Shewhart; E. S. Pearson, Biometrika 27, 1935).
double scatter_of(const Trimmed& estimate, int rounds) {
  const double half = estimate.freedom / 2;
  const double c4 = std::sqrt(1 / half) * std::exp(std::lgamma(half + 0.5) - std::lgamma(half));
  return estimate.error * std::sqrt(static_cast<double>(rounds)) / c4;
}

void check_rules(const Rules& rules) {
  if (!(rules.margin > 0) || !std::isfinite(rules.margin)) throw std::invalid_argument("a margin has to be above 0");
  if (!(rules.confidence >= 0.5 && rules.confidence < 1)) {
    throw std::invalid_argument("a confidence has to be at least 50 % and below 100 %");
  }
  if (rules.rows < 1) throw std::invalid_argument("a table has a row at least");
}

/// The looks at one row, one after the other.
class Looking {
 public:
  Looking(const Logs& rounds, const Logs& confirming, const Rules& rules)
      : rounds_(rounds), confirming_(confirming), rules_(rules), margin_(std::log1p(rules.margin)) {}

  Finding judged() {
    for (const int look : looks()) {
      if (look > static_cast<int>(rounds_.size())) {
        finding_.more.rounds = look - static_cast<int>(rounds_.size());
        break;
      }
      seen_ = part_of(rounds_, 0, look);
      finding_.rounds = look;
      if (look_at_rounds()) break;
    }
    finish();
    return finding_;
  }

 private:
  /// Whether the sequence ends here: decided, or confirming rounds are missing.
  bool look_at_rounds() {
    const auto estimate = trimmed(seen_);
    describe(estimate);
    if (lies_within_margin(estimate)) {
      decide(Judgement::same, seen_);
      return true;
    }
    if (!excludes_zero(estimate, candidate_error(rules_))) return false;
    const int wanted = confirming_for(finding_.rounds);
    const int left = static_cast<int>(confirming_.size()) - used_;
    if (left < wanted) {
      finding_.more.confirming = wanted - left;
      return true;
    }
    const auto series = part_of(confirming_, used_, wanted);
    used_ += wanted;
    const auto fresh = trimmed(series);
    if (fresh.mean * estimate.mean <= 0 || !excludes_zero(fresh, confirming_error(rules_))) return false;
    describe(fresh);
    const auto winner = fresh.mean > 0 ? Judgement::a_faster : Judgement::b_faster;
    decide(lies_within_margin(fresh) ? Judgement::same : winner, series);
    return true;
  }

  /// Two one-sided intervals at half of an error are the two-sided one at the whole of it.
  bool lies_within_margin(const Trimmed& estimate) const {
    return std::abs(estimate.mean) + estimate.half_width(1 - rules_.confidence) < margin_;
  }

  void describe(const Trimmed& estimate) {
    const auto [ratio, low, high] = interval_of(estimate, rules_.confidence);
    finding_.ratio = ratio;
    finding_.low = low;
    finding_.high = high;
  }

  void decide(Judgement judgement, const Logs& series) {
    finding_.judgement = judgement;
    const auto found = modes_in(series);
    const bool wins_in_both = judgement == Judgement::a_faster   ? std::log(found.low) > margin_
                              : judgement == Judgement::b_faster ? std::log(found.high) < -margin_
                                                                 : false;
    if (!found.two || wins_in_both) return;
    finding_.judgement = Judgement::unstable;
    finding_.reason = words_of(found);
  }

  void finish() {
    if (finding_.rounds == 0) {
      finding_.reason = text(rounds_.size(), " rounds; the first look is after ", looks().front());
      return;
    }
    const auto all = trimmed(seen_);
    finding_.detectable = std::expm1(scatter_of(all, finding_.rounds) * detectable_effect(finding_.rounds, rules_));
    if (!finding_.reason.empty()) return;
    if (finding_.judgement == Judgement::undecided) finding_.reason = instability_of_rounds();
    if (finding_.judgement == Judgement::undecided && !finding_.reason.empty()) {
      finding_.judgement = Judgement::unstable;
    } else {
      finding_.reason = in_words();
    }
  }

  std::string instability_of_rounds() const {
    auto two = words_of(modes_in(seen_));
    return two.empty() ? drift_of(seen_, margin_) : two;
  }

  std::string in_words() const {
    const auto interval = text(in_percent(rules_.confidence, 0), " interval ", in_percent(finding_.low - 1), " to ",
                               in_percent(finding_.high - 1));
    switch (finding_.judgement) {
      case Judgement::same:
        return text(interval, " lies within the margin of ", in_percent(rules_.margin), " after ", finding_.rounds,
                    " rounds");
      case Judgement::a_faster:
      case Judgement::b_faster:
        return text(interval, " of a series of ", confirming_for(finding_.rounds), " rounds of its own confirms what ",
                    finding_.rounds, " rounds had shown");
      default:
        break;
    }
    if (finding_.more.confirming > 0) return text("a candidate after ", finding_.rounds, " rounds, not yet confirmed");
    return text(interval, finding_.more.rounds > 0 ? "" : " at the last look", " neither lies within the margin of ",
                in_percent(rules_.margin), " nor has a confirmed winner");
  }

  const Logs& rounds_;
  const Logs& confirming_;
  const Rules& rules_;
  const double margin_;
  Logs seen_;
  int used_ = 0;  ///< confirming rounds
  Finding finding_;
};

}  // namespace

int confirming_for(int look) {
  // Rounds that confirm are spent on one look only. Two thirds of a look's are where most are decided for the fewest:
  // a candidate that is due to luck is dropped sooner, and a true one still shows.
  return std::max((2 * look + 2) / 3, kLeastConfirming);
}

double log_ratio_of(const std::vector<Lap>& laps) {
  std::vector<double> logs;
  for (const auto& [a_ns, b_ns] : laps) {
    const bool times = a_ns > 0 && b_ns > 0 && std::isfinite(a_ns) && std::isfinite(b_ns);
    if (!times)
      throw std::invalid_argument(text("lap ", logs.size(), ", counted from 0: both times have to be above 0"));
    logs.push_back(std::log(b_ns / a_ns));
  }
  if (logs.empty()) throw std::invalid_argument("a round has a lap at least");
  return median(logs);
}

const std::vector<int>& looks() {
  // Each about a third later than the one before: what an early end may save is worth a look's error, and no more.
  static const std::vector<int> all{6, 8, 11, 15, 20, 27, 36, 48, 64, 85, 112};
  return all;
}

std::string_view text_of(Judgement judgement) {
  switch (judgement) {
    case Judgement::a_faster:
      return "a_faster";
    case Judgement::b_faster:
      return "b_faster";
    case Judgement::same:
      return "same";
    case Judgement::unstable:
      return "unstable";
    case Judgement::undecided:
      break;
  }
  return "undecided";
}

Interval interval_of(const std::vector<double>& rounds, double confidence) {
  return interval_of(trimmed(rounds), confidence);
}

Finding judge(const std::vector<double>& rounds, const std::vector<double>& confirming, const Rules& rules) {
  check_rules(rules);
  for (const auto* const series : {&rounds, &confirming}) {
    const bool finite = std::all_of(series->begin(), series->end(), [](double log) { return std::isfinite(log); });
    if (!finite) throw std::invalid_argument("a round's ratio has to be a number");
  }
  return Looking(rounds, confirming, rules).judged();
}

}  // namespace mpmt::benchmarks
