// Time that may be spent waiting, of which what a process stood still is no part.
#pragma once

#include <poll.h>

#include <functional>
#include <span>

#include "base/clock.hpp"

namespace mpmt {

/// A deadline that moves on while the process itself stands still (stopped by Ctrl-Z, frozen with its container):
/// sleeps are cut into slices, and no more than a slice is taken off for a sleep, however long it has lasted.
///
///   for (Allowance allowance(5s); !allowance.spent();) if (allowance.poll(descriptors) && ...) ...
///
/// What is done between two sleeps counts as a part of the second. Used by one thread.
class Allowance {
 public:
  using Now = std::function<Clock::time_point()>;

  static constexpr std::chrono::milliseconds kSlice{250};
  /// A sleep of a slice that lasts this much longer is more than a busy machine's doing.
  static constexpr std::chrono::milliseconds kNoticed{1000};

  explicit Allowance(Nanoseconds allowed, Now now = Clock::now);

  bool spent() const { return left_.count() <= 0; }
  /// For how long to sleep at most before the next charge().
  Nanoseconds slice() const;
  /// Takes off what has gone by since the last call, or the construction, but never more than a slice.
  void charge();
  /// poll(2) for a slice, and its charge. Whether there is news.
  bool poll(std::span<pollfd> watched);

  /// For how long the process stood still so far; what is less than kNoticed at a time does not count.
  Nanoseconds stood_still() const { return stood_still_; }

 private:
  Now now_;
  Clock::time_point last_;
  Nanoseconds left_;
  Nanoseconds stood_still_{0};
};

}  // namespace mpmt
