// What the machine's CPUs give together: the yardstick for every speed-up.
#pragma once

#include <string>
#include <vector>

#include "base/interrupt.hpp"

namespace mpmt::benchmarks {

struct CapacityPoint {
  int workers = 1;
  double capacity = 1;  ///< speed of that many pinned, spinning processes together ÷ speed of one; ideal = workers
};

struct Capacity {
  std::vector<CapacityPoint> points;  ///< empty: unknown
  std::string why_unknown;            ///< why points are missing; empty when none is, and when it was interrupted
};

/// Measures 1, 2, 4, … and all of `cpus`, one process a CPU, each point the median of three turns of some 15 ms. Below
/// the ideal means that CPUs share something (SMT, turbo, a quota) or that somebody else is at work. What fails once
/// would fail again: nothing is measured after that. Ends at once when interrupted. Forks from the calling thread.
Capacity measure_capacity(const std::vector<int>& cpus, Interrupt& interrupt);

}  // namespace mpmt::benchmarks
