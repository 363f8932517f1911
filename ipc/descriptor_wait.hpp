// How a waiting call waits for a file descriptor, written once for all channels that the kernel carries.
//
// `block` makes one system call, which sleeps in the kernel: poll() before it makes a round trip on one CPU a third
// slower. Its descriptors are blocking ones, and ticks bring the call back from time to time. All others are not, so
// that an attempt returns at once.
#pragma once

#include <fcntl.h>
#include <poll.h>

#include <cerrno>

#include "base/checked.hpp"
#include "ipc/waiting.hpp"

namespace mpmt::ipc {

/// Whether system calls on the descriptors of such a link are to sleep.
inline bool sleeps_in_calls(const LinkConfig& config) {
  return config.calls == Calls::waiting && config.wait == Wait::block;
}

inline void make_nonblocking(int descriptor, std::string_view channel) {
  const int flags = checked([&] { return ::fcntl(descriptor, F_GETFL); }, "fcntl F_GETFL", channel);
  checked([&] { return ::fcntl(descriptor, F_SETFL, flags | O_NONBLOCK); }, "fcntl F_SETFL O_NONBLOCK", channel);
}

/// Whether a system call that failed for this reason is to be made again: it would block, or was interrupted.
inline bool is_not_now(int errno_value) {
  return errno_value == EAGAIN || errno_value == EINTR;
}

/// Whether a system call that failed for this reason tells of the peer's end.
inline bool is_end_of_peer(int errno_value) {
  return errno_value == EPIPE || errno_value == ECONNRESET;
}

/// Whether waiting has come to its end; called now and then. Throws PeerGone, after a last attempt, when the lifeline
/// is cut.
template <class Attempt>
bool attempt_is_last(const Patience& patience, Attempt&& attempt, bool& success) {
  if (!patience.lifeline.is_cut(patience.side)) return Clock::now() >= patience.deadline;
  success = attempt();
  if (!success) throw_peer_gone(patience.channel);
  return true;
}

/// Calls `attempt` until it returns true; false when the deadline has passed before, by up to kLongestSleep. `attempt`
/// makes system calls on `descriptor`, which returns from them as sleeps_in_calls() says; where the descriptor itself
/// shows the peer's end, it throws PeerGone. `event`: of poll(), what it waits for.
/// `block`: sleeps in the attempt. `yield`: gives up the CPU between attempts for kYieldFor, and sleeps in poll().
/// `spin`: never sleeps.
template <class Attempt>
bool wait_for_descriptor(int descriptor, short event, const Patience& patience, Attempt&& attempt) {
  bool success = false;
  if (patience.how == Wait::block) {
    tick_in_blocking_calls();
    for (;;) {
      if (attempt()) return true;
      if (attempt_is_last(patience, attempt, success)) return success;
    }
  }
  if (patience.how == Wait::spin) {
    for (;;) {
      for (unsigned look = 0; look < kSpinsPerClockRead; ++look, cpu_relax()) {
        if (attempt()) return true;
      }
      if (attempt_is_last(patience, attempt, success)) return success;
    }
  }
  if (attempt() || yield_until(attempt)) return true;
  for (;;) {
    pollfd ready{descriptor, event, 0};
    ::poll(&ready, 1, kLongestSleep.count());
    if (attempt()) return true;
    if (attempt_is_last(patience, attempt, success)) return success;
  }
}

}  // namespace mpmt::ipc
