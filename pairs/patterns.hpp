// The two sides of every pattern: what is timed.
#pragma once

#include "base/histogram.hpp"
#include "ipc/channel.hpp"
#include "pairs/pair.hpp"

namespace mpmt::pairs {

/// A waiting call came to its deadline.
struct TooLate : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// What one side has to show for its part.
struct Part {
  std::uint64_t sum = 0;      ///< over what it read
  Nanoseconds late{0};        ///< open_loop: by which sends began late through no fault of the channel
  Clock::time_point first{};  ///< when it began
  Clock::time_point last{};   ///< when it received its last message, or had sent it
};

/// The submitter's part of `operations` operations. `latency` may be null. Throws TooLate, and what the channel throws.
Part speak(ipc::WaitingEnd& end, const Config& config, std::uint64_t operations, Histogram* latency, Deadline deadline);

/// The other side's part.
Part answer(ipc::WaitingEnd& end, const Config& config, std::uint64_t operations, Histogram* latency,
            Deadline deadline);

}  // namespace mpmt::pairs
