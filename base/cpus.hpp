// Which CPUs this process may use, and pinning to them.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <system_error>
#include <vector>

namespace mpmt {

struct UsableCpus {
  std::vector<int> cpus;        ///< ids of the affinity mask, ascending; never empty
  std::optional<double> quota;  ///< CPUs that cgroup CPU limits allow, the smallest of all ancestors; none = no limit
  /// How many workers can run at once: cpus.size(), or fewer under a quota; at least 1.
  int count() const;
};

/// Affinity mask (which reflects cpusets) and cpu.max / cpu.cfs_quota_us of every ancestor cgroup, now.
UsableCpus usable_cpus();

/// The CPUs that a thread may run on, ascending, whichever process it is in; 0 is the calling one. Throws
/// std::system_error naming it.
std::vector<int> affinity_of(pid_t thread);

/// The given CPUs grouped by physical core, as /sys/devices/system/cpu/*/topology has it: each group in the order
/// given, groups in the order of their first members. Where /sys does not tell, every CPU is a core of its own; a
/// virtual machine may not tell the truth.
std::vector<std::vector<int>> cores_of(const std::vector<int>& cpus);

/// The system does not let a thread choose its CPU: a container's filter, or a CPU that is no longer there.
struct CannotPin : std::system_error {
  using std::system_error::system_error;
};

/// Pins the calling thread to one CPU. Throws CannotPin naming the CPU.
void pin_to(int cpu);

/// The CPU quota that `contents` of a cgroup v2 cpu.max file states, in CPUs: "max 100000" is none, "150000
/// 100000" 1.5.
std::optional<double> quota_of_cpu_max(const std::string& contents);

}  // namespace mpmt
