// Boost.Interprocess's locks when their holder may have been killed.
//
// A process that is killed while it holds such a lock leaves it held for ever, and Boost's lock() would wait as long.
// BOOST_INTERPROCESS_ENABLE_TIMEOUT_WHEN_LOCKING bounds the wait. It changes inline functions of Boost, and so must be
// the same in all of a program: ipc/CMakeLists.txt defines it.
//
// A holder that is only slow, or stopped, looks the same as a dead one. Past the time-out an operation therefore says
// "not now"; only a lifeline, or who watches the process, tells the two apart.
#pragma once

#include <boost/interprocess/exceptions.hpp>
#include <new>
#include <utility>

#include "base/checked.hpp"
#include "ipc/limits.hpp"
#include "ipc/waiting.hpp"

#ifndef BOOST_INTERPROCESS_ENABLE_TIMEOUT_WHEN_LOCKING
#error "Boost's locks would wait for ever"
#endif

namespace mpmt::ipc {

/// Boost's lock() throws after this long. Short, so that a waiting call which runs into a held lock still sees its
/// deadline and its peer's death in time; long against what a live holder needs.
inline constexpr std::chrono::milliseconds kLockTimeOut{BOOST_INTERPROCESS_TIMEOUT_WHEN_LOCKING_DURATION_MS};
static_assert(kLockTimeOut <= kLockPatience);
static_assert(2 * kLockTimeOut + 2 * kLongestSleep < kNoticeOfDeath);

/// Runs `operation`, which returns whether it is done; false as well when it could not have its lock, which is noted.
template <class Operation>
bool unless_locked(bool& locked, Operation&& operation) {
  try {
    return operation();
  } catch (const boost::interprocess::interprocess_exception& failure) {
    if (failure.get_error_code() != boost::interprocess::timeout_when_locking_error) throw;
    locked = true;
    return false;
  }
}

template <class Operation>
bool unless_locked(Operation&& operation) {
  bool locked = false;
  return unless_locked(locked, std::forward<Operation>(operation));
}

/// wait_for_peer() for an operation that takes a lock. Behind a lock that is held, each look takes kLockTimeOut: death
/// and deadline are then looked at after each.
template <class AnyBell, class Operation>
bool wait_for_peer_unless_locked(AnyBell& bell, const Patience& patience, Operation&& operation) {
  bool given_up = false;
  const auto poll = [&] {
    bool locked = false;
    if (unless_locked(locked, operation)) return true;
    if (!locked) return false;
    if (patience.lifeline.is_cut(patience.side)) throw_peer_gone(patience.channel);
    given_up = Clock::now() >= patience.deadline;
    return given_up;
  };
  return (poll() || wait_for_peer(bell, patience, poll)) && !given_up;
}

/// Runs `make`, which wants `bytes` of memory; failures in Boost and of allocation become std::system_error.
template <class Make>
auto made_by_boost(std::string_view channel, std::size_t bytes, Make&& make) {
  try {
    return make();
  } catch (const boost::interprocess::interprocess_exception& failure) {
    throw_system_error(failure.get_native_error(), "boost::interprocess",
                       text(memory_wanted(channel, bytes), ": ", failure.what()));
  } catch (const std::bad_alloc&) {
    throw_system_error(ENOMEM, "allocation", memory_wanted(channel, bytes));
  }
}

}  // namespace mpmt::ipc
