#include "benchmarks/run/calibration.hpp"

#include <algorithm>
#include <cmath>

#include "base/duration_text.hpp"
#include "base/text.hpp"
#include "benchmarks/judge/statistics.hpp"

namespace mpmt::benchmarks {
namespace {

constexpr std::uint64_t kMostGrain = std::uint64_t{1} << 40;
constexpr double kMostGrowth = 64;
constexpr int kSearchRounds = 3;
constexpr int kFinalRounds = 7;
constexpr int kSearches = 4;
constexpr int kFinals = 2;

struct Guess {
  double grain = 1;
  double elasticity = 1;  ///< a grain that is 1 % larger takes about this many % longer
};

/// One calibration under way.
class Search {
 public:
  Search(double wanted_ns, const TimeTask& rough, const TimeTask& careful)
      : wanted_(wanted_ns), expected_(wanted_ns), rough_(rough), careful_(careful) {}

  std::optional<Guess> guess() {
    double grain = 1;
    double before = 0;
    for (double at_before = 0; grain < kMostGrain;) {
      const auto time = asked(rough_, static_cast<std::uint64_t>(grain));
      if (!time) return std::nullopt;
      if (*time >= wanted_) {
        if (before == 0) {
          expected_ = *time;
          return Guess{};
        }
        const double rise = std::log(*time / at_before) / std::log(grain / before);
        const double elasticity = std::clamp(rise, 0.25, 1.0);
        const double share = (wanted_ - at_before) / (*time - at_before);
        return Guess{before + share * (grain - before), elasticity};
      }
      before = grain;
      at_before = *time;
      grain = std::ceil(grain * std::clamp(wanted_ / *time, 2.0, kMostGrowth));
    }
    return std::nullopt;
  }

  /// Times the grain and its neighbours in turn, each first as often as the others; returns the grain that they speak
  /// for, nothing when a trial failed.
  std::optional<std::uint64_t> measure(CalibratedGrain& found, const Guess& guess, double step, int rounds) {
    const auto grain = found.grain;
    const auto apart = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::llround(double(grain) * step)));
    std::vector<std::uint64_t> candidates{grain, grain + apart};
    if (grain > 1) candidates.push_back(grain - std::min(apart, grain - 1));
    GrainTimes times;
    for (int round = 0; round < rounds; ++round) {
      for (const auto candidate : candidates) {
        const auto time = asked(careful_, candidate);
        if (!time) return std::nullopt;
        times[candidate].push_back(*time);
      }
      std::rotate(candidates.begin(), candidates.begin() + 1, candidates.end());
    }
    found.ns_per_task = median(times.at(grain));
    found.uncertainty = uncertainty_of(times.at(grain));
    return grain_for(times, wanted_, guess.elasticity);
  }

  double off(double time) const { return std::abs(time / wanted_ - 1); }
  std::uint64_t failed_at() const { return failed_at_; }

 private:
  std::optional<double> asked(const TimeTask& task, std::uint64_t grain) {
    auto time = task(grain, expected_);
    if (!time) failed_at_ = grain;
    return time;
  }

  const double wanted_;
  double expected_;  ///< at least this is what a task takes
  const TimeTask& rough_;
  const TimeTask& careful_;
  std::uint64_t failed_at_ = 0;
};

}  // namespace

std::uint64_t round_1_2_5(double value) {
  double best = 1;
  for (int exponent = 0; exponent <= 18; ++exponent) {
    for (const double digit : {1.0, 2.0, 5.0}) {
      const double candidate = digit * std::pow(10, exponent);
      if (std::abs(std::log(candidate / value)) < std::abs(std::log(best / value))) best = candidate;
    }
  }
  return static_cast<std::uint64_t>(best);
}

std::uint64_t grain_for(const GrainTimes& times, double wanted_ns, double elasticity) {
  std::vector<double> logs;
  for (const auto& [grain, values] : times) {
    logs.push_back(std::log(static_cast<double>(grain)) + std::log(wanted_ns / median(values)) / elasticity);
  }
  const double most = std::log(static_cast<double>(kMostGrain));
  return static_cast<std::uint64_t>(std::llround(std::exp(std::clamp(median(logs), 0.0, most))));
}

double uncertainty_of(const std::vector<double>& values) {
  const double centre = median(values);
  std::vector<double> deviations;
  for (const double value : values) deviations.push_back(std::abs(value - centre));
  // 1.4826 MAD estimates a standard deviation, 1.2533 s / √n the error of a median (Kenney and Keeping 1962), of which
  // some 2.4 make a 95 % interval of few values.
  return 2.4 * 1.2533 * 1.4826 * median(deviations) / std::sqrt(static_cast<double>(values.size())) / centre;
}

CalibratedGrain calibrate(const TimeWish& wish, const TimeTask& rough, const TimeTask& careful) {
  Search search(static_cast<double>(wish.time.count()), rough, careful);
  const auto guess = search.guess();
  if (!guess) return {0, search.failed_at()};
  CalibratedGrain found;
  found.grain = wish.roughly ? round_1_2_5(guess->grain) : static_cast<std::uint64_t>(std::llround(guess->grain));
  for (int finals = 1;; ++finals) {
    for (int searches = 0; searches < kSearches && !wish.roughly; ++searches) {
      const auto next = search.measure(found, *guess, 0.1, kSearchRounds);
      if (!next) return {0, search.failed_at()};
      if (search.off(found.ns_per_task) <= kCalibrated / 2 || *next == found.grain) break;
      found.grain = *next;
    }
    const auto next = search.measure(found, *guess, 0.05, kFinalRounds);
    if (!next) return {0, search.failed_at()};
    const bool off = search.off(found.ns_per_task) > kCalibrated;
    found.coarse = off && *next == found.grain;
    if (!off || found.coarse || wish.roughly || finals == kFinals) return found;
    found.grain = *next;
  }
}

std::string in_words(const CalibratedGrain& found, const TimeWish& wish, std::string_view workload,
                     std::string_view unit) {
  const auto wanted = duration_text(static_cast<double>(wish.time.count()));
  const bool off = std::abs(found.ns_per_task / static_cast<double>(wish.time.count()) - 1) > kCalibrated;
  const bool noisy = found.uncertainty > kCalibrated || (off && !found.coarse && !wish.roughly);
  std::string line = text(workload, ": ");
  if (found.coarse) {
    line += text("no grain takes ", wanted, " here; the nearest, ", found.grain, ", takes ",
                 duration_text(found.ns_per_task), " (a unit is ", unit, ")");
  } else {
    line += text("a grain of ", found.grain, " takes ", duration_text(found.ns_per_task), " here, as measured; ",
                 wish.roughly ? "roughly " : "", wanted, " was asked for");
  }
  if (noisy) {
    line += text("; this machine is too noisy to say that within 5 %: trials of one grain leave ± ",
                 std::lround(100 * found.uncertainty), " %");
  }
  return line + text("; --grain ", found.grain, " repeats this");
}

}  // namespace mpmt::benchmarks
