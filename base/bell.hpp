// Sleeping until another thread or process has something for us.
#pragma once

#include <algorithm>

#include "base/cpu_relax.hpp"
#include "base/memory_model.hpp"

namespace mpmt {

/// How a side waits for the other: `block` sleeps at once; `yield` gives up the CPU for a while, then sleeps; `spin`
/// looks all the time, and sleeps only where nothing has come for kSpinFor.
enum class Wait { block, yield, spin };

/// A futex word that one side sleeps on and the other rings. Lives in memory that both sides map; constant-initialised.
///
/// Who rings first makes its message visible, then calls ring(); who sleeps first announces that, then looks for
/// messages once more. The fences between these steps order each pair, so that either the ringer sees the sleeper or
/// the sleeper sees the message (Dekker's argument); no wake-up is lost and a ring costs no system call while nobody
/// sleeps.
///
/// A process that is killed between announcing and ringing leaves a word that means nothing: the sleeper's deadline, or
/// the notice of the death (ring_from_signal), ends the wait.
template <class Memory>
class BasicBell {
 public:
  using Scope = FutexScope;

  /// `first`: where the word begins to count, any number.
  explicit BasicBell(Scope scope, std::uint32_t first = 0) : word_(first), scope_(scope) {}
  BasicBell(const BasicBell&) = delete;
  BasicBell& operator=(const BasicBell&) = delete;

  /// Wakes the sleeper, if there is one.
  void ring() {
    Memory::fence();
    if (sleeping_.load(std::memory_order_relaxed) != 0) wake();
  }

  /// Async-signal-safe: the sleeper, in this very thread, does not fall asleep, or wakes.
  void ring_from_signal() { word_.fetch_add(1, std::memory_order_relaxed); }

  /// First half of going to sleep: from here on ring() wakes. The ticket goes to sleep().
  std::uint32_t announce() {
    // Acquire: a ringer of the sleep before has cleared `sleeping_` before it counted.
    const auto ticket = word_.load(std::memory_order_acquire);
    sleeping_.store(1, std::memory_order_relaxed);
    Memory::fence();
    return ticket;
  }
  /// Not going to sleep after all, or awake again.
  void retract() { sleeping_.store(0, std::memory_order_relaxed); }

  /// Sleeps until rung since announce(), a signal, or the deadline; may also wake for no reason.
  void sleep(std::uint32_t ticket, std::optional<Deadline> deadline) { Memory::wait(word_, ticket, scope_, deadline); }

  /// Sleeps unless `poll` has become true; whether it was. The one way in which everything here falls asleep.
  template <class Poll>
  bool sleep_unless(Poll&& poll, std::optional<Deadline> deadline) {
    const auto ticket = announce();
    const bool done = poll();
    if (!done) sleep(ticket, deadline);
    retract();
    return done;
  }

 private:
  void wake() {
    sleeping_.store(0, std::memory_order_relaxed);
    word_.fetch_add(1, std::memory_order_release);
    Memory::wake(word_, scope_);
  }

  typename Memory::template Atomic<std::uint32_t> word_;
  typename Memory::template Atomic<std::uint32_t> sleeping_{0};
  const Scope scope_;
};

using Bell = BasicBell<RealMemory>;

/// Sleeps are cut into pieces of this length, so that nothing that goes wrong outside the protocol is waited for much
/// longer.
inline constexpr std::chrono::milliseconds kLongestSleep{100};
/// `spin` looks at the clock this often.
inline constexpr unsigned kSpinsPerClockRead = 256;
/// How long `spin` looks before it sleeps: far longer than any gap in what is being measured, so that only who is
/// stopped or has nothing more to say is waited for asleep.
inline constexpr std::chrono::seconds kSpinFor{1};
/// How long `yield` gives up the CPU before it sleeps. Longer than it takes to wake a sleeper on another CPU (some 60
/// us on a virtual machine), or else two sides that have once fallen asleep stay with it for good: each then sleeps
/// again before the other one, just awake, can answer.
inline constexpr std::chrono::microseconds kYieldFor{200};

inline void yield_cpu() {
  ::sched_yield();
}

/// Calls `poll` until it returns true, giving up the CPU before each; false after kYieldFor.
template <class Poll>
bool yield_until(Poll&& poll) {
  constexpr int yields_per_clock_read = 16;
  std::optional<Clock::time_point> end;
  for (;;) {
    for (int yield = 0; yield < yields_per_clock_read; ++yield) {
      yield_cpu();
      if (poll()) return true;
    }
    const auto now = Clock::now();
    if (!end) end = now + kYieldFor;
    if (now >= *end) return false;
  }
}

/// Calls `poll` until it returns true, without giving up the CPU; false after kSpinFor, or when the deadline has
/// passed.
template <class Poll>
bool look_until(Poll&& poll, Deadline deadline) {
  std::optional<Clock::time_point> end;
  for (;;) {
    for (unsigned look = 0; look < kSpinsPerClockRead; ++look, cpu_relax()) {
      if (poll()) return true;
    }
    const auto now = Clock::now();
    if (!end) end = std::min<Deadline>(deadline, now + kSpinFor);
    if (now >= *end) return false;
  }
}

/// Calls `poll` until it returns true; false when the deadline has passed before. In between it waits on `bell` as
/// `how` says.
template <class Poll>
bool wait_until(Bell& bell, Wait how, Deadline deadline, Poll&& poll) {
  if (how == Wait::spin && look_until(poll, deadline)) return true;
  for (;;) {
    if (poll()) return true;
    if (how == Wait::yield && yield_until(poll)) return true;
    const auto now = Clock::now();
    if (bell.sleep_unless(poll, std::min<Deadline>(deadline, now + kLongestSleep))) return true;
    if (now >= deadline) return false;
  }
}

/// Sleeps on `bell` until `poll` returns true, and never looks in between, which would use the CPU: for who is parked
/// while others are measured. Who rings has to be somebody with whom this one ends as well.
template <class Poll>
void park_until(Bell& bell, Poll&& poll) {
  while (!bell.sleep_unless(poll, std::nullopt)) {
  }
}

}  // namespace mpmt
