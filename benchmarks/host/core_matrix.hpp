// How far the CPUs are from each other.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/interrupt.hpp"

namespace mpmt::benchmarks {

/// Round trips of a cache line between two spinning processes, one on each of two CPUs.
struct CoreMatrix {
  std::vector<int> cpus;
  /// [i][j] of cpus i and j, ns, symmetric; none on the diagonal, and for pairs that could not be measured in time.
  std::vector<std::vector<std::optional<double>>> round_trip_ns;
  /// Of what a probe failed; empty when none did.
  std::string why_unknown = {};

  bool complete() const;
};

/// Measures every pair, each as the median of some short turns, for at most some seconds in all: on a machine with many
/// CPUs those with the first one come first, then neighbours, then the others in a fixed random order. What fails once
/// would fail again: nothing is measured after that. Ends at once when interrupted. Forks from the calling thread.
CoreMatrix measure_core_matrix(const std::vector<int>& cpus, Interrupt& interrupt);

/// The order in which to deal out CPUs so that neighbours in it are on distinct cores as long as there are any: first
/// one CPU of each core, then the second ones. Which CPUs share a core: what `cores` (from /sys) says; where that knows
/// of no siblings at all, as under many hypervisors, two CPUs of which each is much nearer to the other than to any
/// third.
std::vector<int> spread_order(const std::vector<int>& cpus, const std::vector<std::vector<int>>& cores,
                              const CoreMatrix& matrix);

/// {"cpus", "round_trip_ns", "complete"}
nlohmann::json to_json(const CoreMatrix& matrix);

}  // namespace mpmt::benchmarks
