// Blocking system calls that cannot be given a time-out, or for which it would cost too much.
#pragma once

namespace mpmt::ipc {

/// From now on until the calling thread ends, a blocking system call that it makes returns with EINTR within
/// kLongestSleep at most, so that the caller can look at its deadline and at its peer. Costs nothing when called again.
///
/// A time-out of its own makes a futex wait some 10 % slower, and read() on a pipe has none (poll() before it makes a
/// round trip on one CPU a third slower): a timer that ticks ten times a second costs neither.
///
/// Uses a POSIX timer of the thread and the signal SIGRTMIN + 5, whose handler does nothing. A forked child has no
/// timer until it asks for one. Throws std::system_error.
void tick_in_blocking_calls();

/// No more ticks for the calling thread, which is parked while others are measured, until resume_ticks() or
/// tick_in_blocking_calls(). Of no effect on a thread that has none. Throws std::system_error.
void pause_ticks();
/// After pause_ticks(), before anything is measured again.
void resume_ticks();

}  // namespace mpmt::ipc
