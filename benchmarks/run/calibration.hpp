// From a time to a grain.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "benchmarks/plan/options.hpp"

namespace mpmt::benchmarks {

/// Nanoseconds a task at a grain, from one trial; nothing when it failed or was interrupted. `expected_ns`: what to
/// size its block by.
using TimeTask = std::function<std::optional<double>(std::uint64_t grain, double expected_ns)>;

/// The trials at each grain.
using GrainTimes = std::map<std::uint64_t, std::vector<double>>;

struct CalibratedGrain {
  std::uint64_t grain = 0;  ///< 0: a trial failed, at `failed_at`; where that is 0 too, no grain takes so long
  std::uint64_t failed_at = 0;
  double ns_per_task = 0;  ///< as measured at that grain: the median of its trials
  double uncertainty = 0;  ///< of that median, as a share of it: half a 95 % interval
  bool coarse = false;     ///< off by more than kCalibrated, and its neighbours are further off
};

/// How far what is printed may be from the wish, and from what a run then measures.
inline constexpr double kCalibrated = 0.05;

/// Finds the grain at which a task takes the wished time; expects that, or what the least grain takes where it is more.
/// `rough` is asked at growing grains until one takes that long; `careful`, which times as a run does, is then asked
/// about that grain and its neighbours in turn, several times over, so that what drifts hits them alike and the machine
/// is warm for all; until the grain that the medians speak for is one that was measured, within half of kCalibrated, or
/// nothing closer is found.
CalibratedGrain calibrate(const TimeWish& wish, const TimeTask& rough, const TimeTask& careful);

/// The grain that takes the wished time: what the median of each of these grains speaks for, and of that the median.
/// `elasticity`: by how many % a time grows with 1 % of grain.
std::uint64_t grain_for(const GrainTimes& times, double wanted_ns, double elasticity);

/// Of a median, as a share of it: half a 95 % interval, from the spread of the values.
double uncertainty_of(const std::vector<double>& values);

/// The nearest of 1, 2, 5, 10, 20, 50, … to `value`, on a logarithmic scale; at least 1.
std::uint64_t round_1_2_5(double value);

/// What there is to say of a calibrated grain, in one line: what was measured, and what of the wish could not be had.
std::string in_words(const CalibratedGrain& found, const TimeWish& wish, std::string_view workload,
                     std::string_view unit);

}  // namespace mpmt::benchmarks
