// Sleeping on a 32-bit word until another thread or process changes it.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "base/clock.hpp"

namespace mpmt {

/// Who sleeps on a futex word. A private one is found by its address alone, a shared one by its page: the private one
/// is somewhat cheaper. Threads may use either; between processes only `processes` wakes.
enum class FutexScope : std::uint32_t { one_process, processes };

static_assert(std::atomic<std::uint32_t>::is_always_lock_free, "a futex word that is shared between processes");

/// Sleeps while the word is `expected`: until it is woken, the deadline (none: for ever) has passed, or a signal's
/// handler has run. May also return for no reason. A deadline costs some 5 % of a wake-up (the kernel sets up a timer).
void futex_wait(const std::atomic<std::uint32_t>& word, std::uint32_t expected, FutexScope scope,
                std::optional<Deadline> deadline);

/// Wakes all who sleep on the word.
void futex_wake(const std::atomic<std::uint32_t>& word, FutexScope scope);

}  // namespace mpmt
