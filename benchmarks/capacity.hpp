// What the machine's CPUs give together: the yardstick for every speed-up.
#pragma once

#include <vector>

namespace mpmt::benchmarks {

struct CapacityPoint {
  int workers = 1;
  double capacity = 1;  ///< speed of that many pinned, spinning processes together ÷ speed of one; ideal = workers
};

/// Measures 1, 2, 4, … and all of `cpus`, one process a CPU, each point the median of three turns of some 15 ms. Below
/// the ideal means that CPUs share something (SMT, turbo, a quota) or that somebody else is at work. Points that could
/// not be measured are left out. Forks from the calling thread.
std::vector<CapacityPoint> measure_capacity(const std::vector<int>& cpus);

}  // namespace mpmt::benchmarks
