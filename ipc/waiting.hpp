// How a waiting call waits for its peer, written once for all channels that sleep on a bell.
#pragma once

#include <sched.h>

#include <string>

#include "base/text.hpp"
#include "ipc/lifeline.hpp"
#include "ipc/ticks.hpp"

namespace mpmt::ipc {

/// How often `yield` looks before it gives up the CPU: about as long as two wake-ups of a peer that spins on another
/// CPU take, and much less than going to sleep.
inline constexpr int kLooksBeforeYield = 100;

/// What a waiting call must know besides what it waits for.
struct Patience {
  Wait how = Wait::block;
  Deadline deadline;
  const Lifeline& lifeline;
  Side side;                      ///< of the end that waits
  bool peer_on_this_cpu = false;  ///< as far as is known: then looking again is of no use before it has had the CPU
  std::string_view channel;       ///< for messages
};

/// Where the calling thread runs, to be told with a message to a peer that yields, the only one that can use it; else
/// -1.
inline int cpu_to_tell(const LinkConfig& config) {
  return config.calls == Calls::waiting && config.wait == Wait::yield ? ::sched_getcpu() : -1;
}

[[noreturn]] inline void throw_peer_gone(std::string_view channel) {
  throw PeerGone(text(channel, ": the process at the other end has ended"));
}

/// Whether waiting has come to its end without success; called now and then. Throws PeerGone: after a last `poll`,
/// since what the peer sent before its death is still to be had.
template <class Poll>
bool is_over(const Patience& patience, Poll&& poll, bool& success) {
  const bool dead = patience.lifeline.is_cut(patience.side);
  success = poll();
  if (success) return true;
  if (dead) throw_peer_gone(patience.channel);
  return Clock::now() >= patience.deadline;
}

/// Calls `poll` until it returns true; false when the deadline has passed before, by up to kLongestSleep. In between it
/// looks again, gives up the CPU or sleeps on `bell`, as `patience.how` says:
/// `block`: sleeps at once. `yield`: looks kLooksBeforeYield times, unless the peer shares this CPU, gives up the CPU
/// for kYieldFor, and sleeps. `spin`: looks for ever.
/// Throws PeerGone within kNoticeOfDeath.
template <class AnyBell, class Poll>
bool wait_for_peer(AnyBell& bell, const Patience& patience, Poll&& poll) {
  bool success = false;
  if (patience.how == Wait::spin) {
    for (auto next_look = Clock::now() + kLongestSleep;;) {
      for (unsigned look = 0; look < kSpinsPerClockRead; ++look, cpu_relax()) {
        if (poll()) return true;
      }
      const auto now = Clock::now();
      if (now < next_look && now < patience.deadline) continue;
      if (is_over(patience, poll, success)) return success;
      next_look = now + kLongestSleep;
    }
  }
  if (patience.how == Wait::yield) {
    for (int look = 0; look < kLooksBeforeYield && !patience.peer_on_this_cpu; ++look, cpu_relax()) {
      if (poll()) return true;
    }
    if (yield_until(poll)) return true;
  }
  tick_in_blocking_calls();
  for (;;) {
    if (bell.sleep_unless(poll, std::nullopt) || poll()) return true;
    if (is_over(patience, poll, success)) return success;
  }
}

}  // namespace mpmt::ipc
