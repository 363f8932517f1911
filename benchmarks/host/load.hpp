// Who else used the CPUs while a trial ran, as far as that can be seen.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/cpus.hpp"

namespace mpmt::benchmarks {

/// Of some CPUs together, in the ticks of /proc/stat.
struct StatTicks {
  std::int64_t busy = 0;   ///< user, nice, system, interrupts
  std::int64_t steal = 0;  ///< taken by the hypervisor
  std::int64_t all = 0;    ///< these, and idle and waiting for I/O: goes on as time does
};

/// What /proc/stat says of some CPUs, or why that cannot be believed.
struct StatReading {
  std::optional<StatTicks> ticks;
  std::string why_not;  ///< "/proc/stat has no line for CPU 3"
};

/// Reads the lines "cpuN" of these CPUs. Believed only if each has one, with the eight columns up to steal and more
/// than zeros in them: in containers it may be masked, all zeros, numbered anew, or of four columns.
StatReading read_stat(const std::string& contents, const std::vector<int>& cpus);

/// CPU use at one moment. Ticks are 10 ms as a rule.
struct LoadSample {
  Clock::time_point when;
  StatReading stat;
  std::int64_t own_ns = 0;    ///< of this process, its reaped children and those that live
  std::vector<int> affinity;  ///< of this process; empty when that could not be read
};

/// What others did with our CPUs between two samples.
struct Load {
  struct Others {
    std::int64_t steal_ns = 0;
    std::int64_t cpu_ns =
        0;  ///< used by neither this process nor its children; below 0 where ticks missed some of ours
    std::int64_t own_ns = 0;  ///< used by this process and its children
    double available_ns = 0;  ///< elapsed × usable CPUs

    double share() const;        ///< stolen and used by others, of what was available; at least 0
    double invented_ns() const;  ///< what ticks may show as others' although it was ours
  };
  std::optional<Others> others;  ///< none: unknown
  std::string why_unknown;
  std::string change;  ///< of the CPUs that this process may use, in words; empty when there was none

  /// Why a trial during which this happened is `disturbed`; empty when it is not: others took more than 5 % of the CPUs
  /// and more than ticks may invent, or the usable CPUs are not those of the start.
  std::string disturbance() const;

  /// One more interval: what is unknown of either is unknown of both.
  Load& operator+=(const Load& more);
};

/// `start`: the run's first sample. Its affinity is what `after` is compared with, and counters that have not moved
/// since then are not believed.
Load between(const LoadSample& start, const LoadSample& before, const LoadSample& after, int usable_cpus);

/// Watches the CPUs of a run from its construction on: what happens on others does not disturb us. Used by one thread.
class LoadMeter {
 public:
  explicit LoadMeter(UsableCpus cpus);

  /// `living`: CPU time that children who live have used so far, and theirs.
  LoadSample sample(Nanoseconds living = Nanoseconds(0)) const;
  /// From `before` until now.
  Load since(const LoadSample& before, Nanoseconds living = Nanoseconds(0));

  /// Why the load of others is unknown, or was in at least one interval; empty when it never was.
  const std::string& why_unknown() const { return why_unknown_; }
  /// The first change of the usable CPUs that was seen; empty when there was none.
  const std::string& change() const { return change_; }

 private:
  const UsableCpus cpus_;
  const LoadSample start_;
  std::string why_unknown_;
  std::string change_;
};

}  // namespace mpmt::benchmarks
