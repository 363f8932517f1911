// The memory that a lock-free structure lives in, as a policy.
#pragma once

#include <sched.h>

#include <atomic>

#include "base/futex.hpp"

namespace mpmt {

/// The machine's own memory, and its futexes. A structure that is written over this policy can be run over another one
/// by a test that steps through every interleaving of its loads, stores, fences and sleeps.
struct RealMemory {
  template <class Value>
  using Atomic = std::atomic<Value>;

  /// Orders every earlier access before every later one, stores before loads included.
  static void fence() { std::atomic_thread_fence(std::memory_order_seq_cst); }

  static void wait(const Atomic<std::uint32_t>& word, std::uint32_t expected, FutexScope scope,
                   std::optional<Deadline> deadline) {
    futex_wait(word, expected, scope, deadline);
  }
  static void wake(const Atomic<std::uint32_t>& word, FutexScope scope) { futex_wake(word, scope); }
};

}  // namespace mpmt
