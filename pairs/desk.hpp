// What the two sides of a pair tell each other outside the channel that is measured.
#pragma once

#include <array>
#include <cstring>
#include <string_view>

#include "base/cache_line.hpp"
#include "base/histogram.hpp"
#include "pairs/pair.hpp"

namespace mpmt::pairs {

/// In memory that both sides map. The submitter's side sets an order and rings; the other side says `ready` just before
/// it plays its part of the pattern, and `done` after it.
struct Desk {
  enum class State : std::uint32_t { starting, idle, ordered, ready, done, failed };

  explicit Desk(FutexScope scope) : to_worker(scope), to_submitter(scope) {}

  alignas(kPadding) Bell to_worker;
  alignas(kPadding) Bell to_submitter;
  alignas(kPadding) std::atomic<State> state{State::starting};

  std::atomic<bool> leave{false};  ///< the other side is to end, whatever it was told before

  // The order; valid in `ordered`.
  std::uint64_t operations = 0;
  Clock::time_point deadline{};

  // The answer; valid in `done`.
  std::uint64_t sum = 0;
  Clock::time_point finished{};
  Usage usage;  ///< of this order
  Histogram latency;

  // Since `idle`.
  pid_t pid = 0;
  pid_t tid = 0;
  int cpu = -1;
  bool libc_single_threaded = false;

  std::array<char, 512> error{};  ///< valid in `failed`

  void move_to(State next, Bell& bell) {
    state.store(next, std::memory_order_release);
    bell.ring();
  }
  bool is(State wanted) const { return state.load(std::memory_order_acquire) == wanted; }

  void fail(std::string_view what) {
    const auto length = std::min(what.size(), error.size() - 1);
    std::memcpy(error.data(), what.data(), length);
    move_to(State::failed, to_submitter);
  }
};

}  // namespace mpmt::pairs
