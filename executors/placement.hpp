// Where workers and submitter run.
#pragma once

#include <sched.h>

#include <optional>
#include <vector>

#include "executors/executor.hpp"

namespace mpmt::executors {

/// The CPU of worker `worker`; none when it is not pinned.
std::optional<int> cpu_of_worker(const Config& config, int worker);

/// The CPU of the submitter; none when it is not pinned.
std::optional<int> cpu_of_submitter(const Config& config);

/// All workers in the order in which the submitter wakes them. Those on its own CPU come last: one of them may preempt
/// it as soon as it is woken, and would do its batches first while the others still sleep.
std::vector<int> waking_order(const Config& config);

/// Pins the calling thread while it exists and gives back the affinity that it had. Does nothing without a CPU.
class PinnedHere {
 public:
  explicit PinnedHere(std::optional<int> cpu);
  ~PinnedHere();
  PinnedHere(const PinnedHere&) = delete;
  PinnedHere& operator=(const PinnedHere&) = delete;

 private:
  std::optional<cpu_set_t> before_;
};

}  // namespace mpmt::executors
