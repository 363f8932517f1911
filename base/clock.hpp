// The one clock that everything here is timed with.
#pragma once

#include <sys/resource.h>
#include <time.h>

#include <chrono>
#include <cstdint>

namespace mpmt {

/// CLOCK_MONOTONIC: the same in every process of the machine, so that times taken on both sides of a fork compare.
using Clock = std::chrono::steady_clock;
/// Every wait in this suite ends at one.
using Deadline = Clock::time_point;
using Nanoseconds = std::chrono::nanoseconds;

inline Nanoseconds since(Clock::time_point start) {
  return std::chrono::duration_cast<Nanoseconds>(Clock::now() - start);
}

inline double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// CPU time of the calling thread.
inline Nanoseconds thread_cpu_time() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::chrono::seconds(now.tv_sec) + Nanoseconds(now.tv_nsec);
}

/// What a thread has used so far, or the difference of two such readings.
struct Usage {
  std::int64_t cpu_ns = 0;
  std::int64_t voluntary_switches = 0;
  std::int64_t involuntary_switches = 0;
  std::int64_t minor_faults = 0;
  std::int64_t major_faults = 0;

  Usage& operator+=(const Usage& other) {
    cpu_ns += other.cpu_ns;
    voluntary_switches += other.voluntary_switches;
    involuntary_switches += other.involuntary_switches;
    minor_faults += other.minor_faults;
    major_faults += other.major_faults;
    return *this;
  }
  Usage& operator-=(const Usage& other) {
    cpu_ns -= other.cpu_ns;
    voluntary_switches -= other.voluntary_switches;
    involuntary_switches -= other.involuntary_switches;
    minor_faults -= other.minor_faults;
    major_faults -= other.major_faults;
    return *this;
  }
};

/// The calling thread's usage since it began.
inline Usage thread_usage() {
  rusage used{};
  ::getrusage(RUSAGE_THREAD, &used);
  return {thread_cpu_time().count(), used.ru_nvcsw, used.ru_nivcsw, used.ru_minflt, used.ru_majflt};
}

}  // namespace mpmt
