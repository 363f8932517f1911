// Who else used the CPUs while a trial ran.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"

namespace mpmt::benchmarks {

/// CPU use of some CPUs and of this process with its reaped children, at one moment. The CPUs' comes from
/// /proc/stat, whose resolution is a clock tick (10 ms as a rule).
struct LoadSample {
  Clock::time_point when;
  std::int64_t busy_ns = 0;   ///< all of the CPUs: user, nice, system, interrupts
  std::int64_t steal_ns = 0;  ///< taken by the hypervisor
  std::int64_t own_ns = 0;
};

/// The machine as far as these CPUs go: what happens on others does not disturb us.
LoadSample sample_load(const std::vector<int>& cpus);

/// The counters in a line of /proc/stat, in ticks: that of all CPUs ("cpu"), or of one ("cpu3"). Nothing when the line
/// is another one, or not as expected.
struct StatTicks {
  std::int64_t busy = 0;
  std::int64_t steal = 0;
};
std::optional<StatTicks> ticks_of_stat(const std::string& line, std::string_view label = "cpu");

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
