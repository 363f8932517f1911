// How many laps a round has.
#pragma once

namespace mpmt::benchmarks {

/// Of a round.
inline constexpr int kFirstLaps = 20;
inline constexpr int kLeastLaps = 5;
inline constexpr int kMostLaps = 100;

/// Five, or as many as take 0.3 s together: long blocks alternate once a round.
int least_laps(double lap_s);

/// A lap that takes so long needs none before it that does not count, and no pieces that settle caches and clock.
inline constexpr double kLongLap_s = 0.25;

/// Laps whose time is four times that of a round beside them, from least_laps() to kMostLaps: however rounds scatter,
/// more would spare a fifth of the time at most.
int most_laps(double beside_s, double lap_s);

/// With how many laps a round gives most for its time: √(cost of a round beside its laps ÷ cost of a lap × variance
/// between laps ÷ variance between rounds), from least_laps() to most_laps() (T. Kalibera and R. Jones, "Rigorous
/// benchmarking in reasonable time", ISMM 2013, equation for the optimal number of repetitions at a level). Of medians
/// of laps the variance between laps counts π ÷ 2 times. `between_rounds`: of what rounds of `laps_made` laps say; the
/// laps' part of it is taken off.
int laps_for(double beside_s, double lap_s, double between_laps, double between_rounds, int laps_made);

}  // namespace mpmt::benchmarks
