// Grain as a time, and a wait that is exact.
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

/// Has this thread woken when its sleep is over: the kernel may otherwise end it late by the thread's timer
/// slack, 50 us, which is more than many a task here. It stays with the thread, and a forked child inherits it: every
/// worker sets its own. Throws std::system_error.
void wake_on_time();

/// Sleeps for that time at least; a signal neither shortens nor lengthens it. Throws std::system_error, or
/// std::runtime_error when the kernel has come back before its time.
void wait_for(std::chrono::nanoseconds time);

}  // namespace mpmt::workloads
