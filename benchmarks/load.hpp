// Who else used the CPUs while a trial ran.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.hpp"

namespace mpmt::benchmarks {

/// CPU use of the whole machine and of this process with its reaped children, at one moment. The machine's comes from
/// /proc/stat, whose resolution is a clock tick (10 ms as a rule).
struct LoadSample {
  Clock::time_point when;
  std::int64_t busy_ns = 0;   ///< all CPUs: user, nice, system, interrupts
  std::int64_t steal_ns = 0;  ///< taken by the hypervisor
  std::int64_t own_ns = 0;
};

LoadSample sample_load();

/// The counters in the first line of /proc/stat, in ticks; nothing when it is not as expected.
struct StatTicks {
  std::int64_t busy = 0;
  std::int64_t steal = 0;
};
std::optional<StatTicks> ticks_of_stat(const std::string& first_line);

/// Between two samples.
struct Load {
  std::int64_t steal_ns = 0;
  std::int64_t foreign_cpu_ns = 0;  ///< used by neither this process nor its children
  double foreign_share = 0;         ///< foreign and stolen time ÷ (elapsed × usable CPUs)

  /// More than 5 % of the CPUs and more than the 30 ms that /proc/stat's ticks may invent.
  bool disturbing() const { return foreign_share > 0.05 && steal_ns + foreign_cpu_ns > 30'000'000; }
};

Load between(const LoadSample& before, const LoadSample& after, int usable_cpus);

}  // namespace mpmt::benchmarks
