// Grain as a time to wait.
#pragma once

#include <chrono>
#include <stdexcept>

#include "workloads/workload.hpp"

namespace mpmt::workloads {

inline constexpr std::chrono::microseconds kLongestWait = std::chrono::hours(1);

/// One unit of grain = one microsecond. Throws std::invalid_argument beyond kLongestWait, far below where sums
/// overflow.
inline std::chrono::microseconds wait_of(const Parameters& parameters) {
  if (parameters.grain > static_cast<std::uint64_t>(kLongestWait.count())) {
    throw std::invalid_argument("--grain is a wait in microseconds here, at most 3600000000 (an hour)");
  }
  return std::chrono::microseconds(parameters.grain);
}

}  // namespace mpmt::workloads
