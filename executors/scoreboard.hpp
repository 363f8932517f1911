// What each worker has done and is doing, in memory that survives it.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <new>

#include "base/bell.hpp"
#include "base/cache_line.hpp"
#include "base/shared_region.hpp"
#include "executors/executor.hpp"

namespace mpmt::executors {

/// One worker's slot. Written by the worker, read by the submitter; of plain size and layout, the same for threads and
/// processes. After a worker has been killed it says what the worker had in hand.
struct alignas(kPadding) Slot {
  explicit Slot(Bell::Scope scope) : bell(scope) {}

  Bell bell;  ///< the worker sleeps here for requests

  alignas(kPadding) std::atomic<pid_t> pid{0};
  std::atomic<pid_t> tid{0};
  std::atomic<bool> libc_single_threaded{false};
  std::atomic<bool> left{false};  ///< the worker's loop has ended
  std::atomic<std::uint64_t> tasks_done{0};
  std::atomic<std::uint64_t> batch_first{0};  ///< the batch in hand
  std::atomic<std::uint64_t> batch_count{0};  ///< 0 = none
  Usage usage;                                ///< valid after the worker has answered a `report` or `rest` request

  static constexpr int kMaxCpus = 1024;
  std::array<std::atomic<std::uint64_t>, kMaxCpus / 64> cpus{};

  void saw_cpu(int cpu) {
    if (cpu < 0 || cpu >= kMaxCpus) return;
    auto& word = cpus[static_cast<std::size_t>(cpu) / 64];
    const std::uint64_t bit = std::uint64_t{1} << (cpu % 64);
    const auto seen = word.load(std::memory_order_relaxed);
    if ((seen & bit) == 0) word.store(seen | bit, std::memory_order_relaxed);
  }
};

/// The slots of all workers, and the doorbell that the submitter sleeps on. Shared with processes forked after it was
/// made.
class Scoreboard {
 public:
  Scoreboard(int workers, Bell::Scope scope)
      : workers_(workers), region_(sizeof(Front) + static_cast<std::size_t>(workers) * sizeof(Slot)) {
    new (region_.data()) Front(scope);
    for (int worker = 0; worker < workers; ++worker) new (&slot(worker)) Slot(scope);
  }

  int workers() const { return workers_; }
  Slot& slot(int worker) const {
    auto* const first = reinterpret_cast<Slot*>(static_cast<std::byte*>(region_.data()) + sizeof(Front));
    return first[worker];
  }
  Bell& doorbell() const { return front().doorbell; }

  /// How many replies of one worker the submitter is content to let wait while it sleeps and the worker has more to do:
  /// like the interrupt coalescing of a network card. 1 = none waits.
  std::atomic<std::uint32_t>& patience() const { return front().patience; }

 private:
  struct alignas(kPadding) Front {
    explicit Front(Bell::Scope scope) : doorbell(scope) {}
    Bell doorbell;
    alignas(kPadding) std::atomic<std::uint32_t> patience{1};
  };
  Front& front() const { return *static_cast<Front*>(region_.data()); }

  int workers_;
  SharedRegion region_;
};

// Both live in raw shared memory: nothing of them needs a destructor.
static_assert(std::is_trivially_destructible_v<Slot>);
static_assert(sizeof(Slot) % kPadding == 0 && alignof(Slot) == kPadding);
static_assert(std::atomic<std::uint64_t>::is_always_lock_free && std::atomic<pid_t>::is_always_lock_free);

}  // namespace mpmt::executors
