// Sleeping until another thread or process has something for us.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/clock.hpp"
#include "base/cpu_relax.hpp"
#include "executors/executor.hpp"

namespace mpmt::executors {

/// A futex word that one side sleeps on and the other rings. Lives in memory that both sides map; constant-initialised.
///
/// Who rings first makes its message visible, then calls ring(); who sleeps first announces that, then looks for
/// messages once more. The fences between these steps order each pair, so that either the ringer sees the sleeper or
/// the sleeper sees the message (Dekker's argument); no wake-up is lost and a ring costs no system call while nobody
/// sleeps.
///
/// A process that is killed between announcing and ringing leaves a word that means nothing: the sleeper's deadline, or
/// the notice of the death (ring_from_signal), ends the wait.
class Bell {
 public:
  enum class Scope : std::uint32_t { one_process, processes };

  explicit Bell(Scope scope) : scope_(scope) {}
  Bell(const Bell&) = delete;
  Bell& operator=(const Bell&) = delete;

  /// Wakes the sleeper, if there is one.
  void ring() {
    std::atomic_thread_fence(std::memory_order_seq_cst);
    if (sleeping_.load(std::memory_order_relaxed) != 0) wake();
  }

  /// Async-signal-safe: the sleeper, in this very thread, does not fall asleep, or wakes.
  void ring_from_signal() { word_.fetch_add(1, std::memory_order_relaxed); }

  /// First half of going to sleep: from here on ring() wakes. The ticket goes to sleep().
  std::uint32_t announce() {
    const auto ticket = word_.load(std::memory_order_relaxed);
    sleeping_.store(1, std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_seq_cst);
    return ticket;
  }
  /// Not going to sleep after all, or awake again.
  void retract() { sleeping_.store(0, std::memory_order_relaxed); }

  /// Sleeps until rung since announce(), a signal, or the deadline; may also wake for no reason.
  void sleep(std::uint32_t ticket, Deadline deadline);

 private:
  void wake();

  std::atomic<std::uint32_t> word_{0};
  std::atomic<std::uint32_t> sleeping_{0};
  const Scope scope_;
};

static_assert(std::atomic<std::uint32_t>::is_always_lock_free, "a futex word that is shared between processes");

/// Sleeps are cut into pieces of this length, so that nothing that goes wrong outside the protocol is waited for much
/// longer.
inline constexpr std::chrono::milliseconds kLongestSleep{100};
/// How often `yield` gives up the CPU before it sleeps; `spin` looks at the clock this often.
inline constexpr int kYields = 50;
inline constexpr int kSpinsPerClockRead = 256;

void yield_cpu();

/// Calls `poll` until it returns true; false when the deadline has passed before. In between it waits on `bell` as
/// `how` says.
template <class Poll>
bool wait_until(Bell& bell, Wait how, Deadline deadline, Poll&& poll) {
  for (int idle = 0;; ++idle) {
    if (poll()) return true;
    if (how == Wait::spin) {
      cpu_relax();
      if (idle % kSpinsPerClockRead == kSpinsPerClockRead - 1 && Clock::now() >= deadline) return false;
    } else if (how == Wait::yield && idle < kYields) {
      yield_cpu();
    } else {
      const auto ticket = bell.announce();
      const bool done = poll();
      const auto now = Clock::now();
      if (!done && now < deadline) bell.sleep(ticket, std::min<Deadline>(deadline, now + kLongestSleep));
      bell.retract();
      if (done) return true;
      if (now >= deadline) return false;
      idle = 0;
    }
  }
}

}  // namespace mpmt::executors
