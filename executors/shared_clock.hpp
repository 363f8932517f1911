// Time stamps of messages that are handled in quick succession.
#pragma once

#include <algorithm>
#include <cstddef>

#include "base/clock.hpp"

namespace mpmt::executors {

/// A clock whose readings may be shared by neighbours: reading it costs as much as the rest of handling a message in
/// shared memory. The first message of a series has a reading of its own. As long as twice as many messages are handled
/// within kTolerance, so many share the next one, up to kMostSharers; when it took longer than that, every message has
/// its own again. So while messages are handled evenly no stamp is wrong by more than kTolerance, and none at all where
/// they are slow. One thread uses it.
///
/// `Source`: a clock as the standard library has them.
template <class Source>
class BasicSharedClock {
 public:
  using TimePoint = typename Source::time_point;
  static constexpr std::size_t kMostSharers = 8;
  static constexpr std::chrono::nanoseconds kTolerance{250};

  /// How many messages share a reading now.
  std::size_t sharers() const { return sharers_; }

  TimePoint read() {
    const auto now = Source::now();
    const auto taken = now - latest_;
    if (taken > kTolerance) {
      sharers_ = 1;
    } else if (2 * taken <= kTolerance) {
      sharers_ = std::min(2 * sharers_, kMostSharers);
    }
    latest_ = now;
    return now;
  }

  /// The stamp of the next message: a reading from before it, which may be that of one before.
  TimePoint at_next() {
    if (left_ == 0) {
      read();
      left_ = sharers_;
    }
    --left_;
    return latest_;
  }

 private:
  std::size_t sharers_ = 1;
  std::size_t left_ = 0;
  TimePoint latest_{};
};

using SharedClock = BasicSharedClock<Clock>;

}  // namespace mpmt::executors
