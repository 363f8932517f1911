// CPU time of other processes.
#pragma once

#include <sys/types.h>

#include <optional>
#include <vector>

#include "base/clock.hpp"

namespace mpmt {

/// What all threads of a process have used so far, those that have ended included; to the nanosecond, where the ticks
/// of /proc tell centiseconds (clock_getcpuclockid(3)). Nothing when there is no such process any more.
std::optional<Nanoseconds> cpu_time_of(pid_t process);

/// What those of its children that it has waited for used, and theirs, in ticks of the clock (proc(5)).
std::optional<Nanoseconds> waited_cpu_time_of(pid_t process);

/// The children of a process with one thread, as far as the kernel tells (/proc/PID/task/PID/children, see proc(5));
/// those that start or end meanwhile may be missing.
std::vector<pid_t> children_of(pid_t process);

}  // namespace mpmt
