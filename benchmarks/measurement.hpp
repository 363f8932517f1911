// Carrying out a plan: pilots, trials, and the disturbances between.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/cpus.hpp"
#include "benchmarks/entry.hpp"
#include "benchmarks/interrupt.hpp"
#include "benchmarks/plan.hpp"

namespace mpmt::benchmarks {

/// Runs trials, one at a time. Used by one thread.
class Measurement {
 public:
  Measurement(const RunOptions& options, std::string data_dir, const UsableCpus& cpus, Interrupt& interrupt);

  /// In which order trials deal out the CPUs; without, in that of their ids.
  void deal_cpus(std::vector<int> order) { dealt_cpus_ = std::move(order); }

  /// The grain at which a task of this workload takes `wanted`, run serially, rounded to 1, 2 or 5 times a power of
  /// ten.
  std::uint64_t calibrate_grain(const workloads::Description& workload, std::size_t payload_bytes,
                                std::chrono::nanoseconds wanted);

  /// Finds the tasks per block of all cases that are to have the same: pilots those with the fewest workers, and makes
  /// a block of the slowest take `plan.block`; a multiple of what divides evenly among all worker counts. `--tasks`
  /// overrides. Throws UsageError when a split batch's payload is more than a channel carries.
  void find_tasks(const Plan& plan);

  /// Runs the case once; again, once, when somebody else used the CPUs meanwhile.
  Measured perform(const Plan& plan, const Turn& turn);

  std::uint64_t tasks_of(const PlannedCase& planned) const;
  const LoadMeter& load() const { return load_; }
  bool interrupted() { return interrupt_.requested(); }

 private:
  TrialResult run_trial(const Case& measured, std::uint64_t tasks, int blocks);
  double pilot(const Case& measured);
  std::uint64_t tasks_for(const Plan& plan, const std::vector<const Case*>& members);
  void check_messages(const Plan& plan) const;
  Assignment assignment(const Case& measured, std::uint64_t tasks) const;

  const RunOptions& options_;
  std::string data_dir_;
  LoadMeter load_;
  Interrupt& interrupt_;
  std::vector<int> dealt_cpus_;
  std::map<std::string, std::uint64_t> tasks_;  ///< by PlannedCase::block
  std::size_t attempts_left_ = 0;               ///< for repeating disturbed trials; a tenth of the plan
};

/// The nearest of 1, 2, 5, 10, 20, 50, … to `value`, on a logarithmic scale; at least 1.
std::uint64_t round_1_2_5(double value);

/// The next multiple of `step` that is `wanted` or more.
std::uint64_t round_up(double wanted, std::uint64_t step);

}  // namespace mpmt::benchmarks
