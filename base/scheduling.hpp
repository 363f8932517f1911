// The scheduling class that a thread runs in.
#pragma once

#include <string>

namespace mpmt {

/// Puts the calling thread back into SCHED_OTHER when it is in a real-time class: SCHED_FIFO, SCHED_RR, SCHED_DEADLINE.
/// The name of the class that was left; empty when it was in none. Threads and processes made afterwards follow.
///
/// In such a class nothing here would measure what it says: sched_yield gives way to equals only, two sides that look
/// for each other on one CPU never change places, and what the kernel leaves to all others (5 % as a rule) is not
/// enough for a parent to end its children. Throws std::system_error naming the class when that is refused.
std::string leave_real_time();

}  // namespace mpmt
