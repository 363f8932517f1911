// How much CPU time processes use while this one sleeps.
#pragma once

#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "base/cpu_time.hpp"
#include "base/sanitizers.hpp"

namespace mpmt::tests {

/// By these processes together, the caller's among them or not.
inline Nanoseconds cpu_used_by(const std::set<pid_t>& processes, Nanoseconds meanwhile) {
  const auto total = [&] {
    Nanoseconds sum{0};
    for (const pid_t process : processes) {
      const auto used = cpu_time_of(process);
      EXPECT_TRUE(used) << "process " << process << " has gone";
      sum += used.value_or(Nanoseconds(0));
    }
    return sum;
  };
  const auto before = total();
  std::this_thread::sleep_for(meanwhile);
  return total() - before;
}

/// What so many executors at rest may use in a second, all together.
inline Nanoseconds allowed_at_rest(std::size_t executors) {
#ifdef MPMT_THREAD_SANITIZER
  constexpr std::chrono::milliseconds kOfTheSanitizer{20};  // whose run-time has a thread that wakes ten times a second
#else
  constexpr std::chrono::milliseconds kOfTheSanitizer{0};
#endif
  return static_cast<std::int64_t>(executors) * std::chrono::milliseconds(1) + kOfTheSanitizer;
}

}  // namespace mpmt::tests
