// Which pools are measured.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "benchmarks/case/planning.hpp"

namespace mpmt::benchmarks {

/// The axes of one workload in a profile; every combination is measured, but for channels under long tasks.
struct WorkloadAxes {
  std::string workload;
  Axes axes;
  std::uint64_t long_task = UINT64_MAX;  ///< the grain from which on a task hides most of what a channel costs
};

/// What is measured when the user does not say.
struct PoolProfile {
  std::vector<std::string> executors;
  std::vector<std::string> channels;
  std::vector<std::string> channels_of_long_tasks;  ///< some of them
  std::vector<WorkloadAxes> rows;

  std::vector<std::string> workloads() const;
  /// The row of a workload; a plain one when the profile does not list it.
  WorkloadAxes row_of(const WorkloadOffer& workload) const;
};

/// `name` is quick, standard or full; `usable_cpus` bounds the worker counts; of what is in the offer.
PoolProfile pool_profile(std::string_view name, int usable_cpus, const Offer& offer);

/// Those that only pools have.
std::vector<Axis> pool_axes();

/// Throws UsageError for what cannot be measured: unknown names, an executor that cannot use a channel, a payload
/// beyond the channel's limit.
PlannedCases plan_pools(const Wish& wish);

}  // namespace mpmt::benchmarks
