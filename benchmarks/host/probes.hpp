// Short-lived processes that find out what the CPUs can do.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/interrupt.hpp"

namespace mpmt::benchmarks {

/// What became of some probes.
struct ProbeEnd {
  bool done = false;    ///< all have run, and ended as they should
  std::string why_not;  ///< in words; empty also when the run was interrupted
};

/// Forks a process for each of `cpus`, pinned to it and in no real-time class, and has all of them run body(index) from
/// one moment on. Until then they sleep; what body does has to end by itself, without waiting for anybody for long.
///
/// Returns when all have ended; with the others killed and reaped as soon as one fails (it cannot be forked or pinned,
/// throws, or dies), the interrupt is requested, or `patience` is used up, in which time that this process itself was
/// stopped does not count. `name` is for messages. Forks from the calling thread.
ProbeEnd run_probes(std::string_view name, const std::vector<int>& cpus, const std::function<void(std::size_t)>& body,
                    std::chrono::milliseconds patience, Interrupt& interrupt);

}  // namespace mpmt::benchmarks
