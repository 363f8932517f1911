// What processes that still run have used.
#pragma once

#include <sys/types.h>

#include <vector>

#include "base/clock.hpp"

namespace mpmt::commands {

/// A process's own use so far, and that of those that it has waited for: the latter in centiseconds of CPU time, and
/// without their context switches, since /proc tells no more. Context switches are those of threads that run now. Zero
/// when there is no such process any more.
Usage usage_of(pid_t process);

Usage usage_of(const std::vector<pid_t>& processes);

/// `after` less `before`, but nothing below zero.
Usage used_between(const Usage& before, const Usage& after);

}  // namespace mpmt::commands
