// Grain as a time to wait.
#pragma once

#include <chrono>
#include <stdexcept>

#include "workloads/workload.hpp"

namespace mpmt::workloads {

/// One unit of grain = one microsecond. Throws std::invalid_argument beyond an hour, far below where sums overflow.
inline std::chrono::microseconds wait_of(const Parameters& parameters) {
  constexpr std::chrono::microseconds longest = std::chrono::hours(1);
  if (parameters.grain > static_cast<std::uint64_t>(longest.count())) {
    throw std::invalid_argument("--grain is a wait in microseconds here, at most 3600000000 (an hour)");
  }
  return std::chrono::microseconds(parameters.grain);
}

}  // namespace mpmt::workloads
