#include "benchmarks/run/laps.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace mpmt::benchmarks {
namespace {

/// What laps take at most, in times of what their round takes beside them.
constexpr double kMostOfBeside = 4;

constexpr double kEnough_s = 0.3;

}  // namespace

int least_laps(double lap_s) {
  return lap_s <= 0 ? kLeastLaps : static_cast<int>(std::clamp<double>(std::ceil(kEnough_s / lap_s), 1, kLeastLaps));
}

int most_laps(double beside_s, double lap_s) {
  if (lap_s <= 0) return kLeastLaps;
  const double least = least_laps(lap_s);
  return static_cast<int>(std::lround(std::clamp<double>(kMostOfBeside * beside_s / lap_s, least, kMostLaps)));
}

int laps_for(double beside_s, double lap_s, double between_laps, double between_rounds, int laps_made) {
  const double of_laps = std::numbers::pi / 2 * between_laps;
  const double left = between_rounds - of_laps / laps_made;
  const int most = most_laps(beside_s, lap_s);
  const int least = least_laps(lap_s);
  if (lap_s <= 0 || between_laps <= 0) return least;
  if (left <= 0) return most;
  const double best = std::sqrt(beside_s / lap_s * of_laps / left);
  return static_cast<int>(std::lround(std::clamp<double>(best, least, most)));
}

}  // namespace mpmt::benchmarks
