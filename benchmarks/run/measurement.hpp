// Carrying out a plan: pilots, trials, and the disturbances between.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/cpus.hpp"
#include "benchmarks/run/calibration.hpp"
#include "benchmarks/record/entry.hpp"
#include "base/interrupt.hpp"
#include "benchmarks/plan/plan.hpp"
#include "benchmarks/run/sizing.hpp"

namespace mpmt::benchmarks {

/// A case's figure, and the last of the trials that told it.
struct Pilot {
  Figure figure;
  TrialResult trial;
};

/// Runs trials, one at a time. Used by one thread.
class Measurement {
 public:
  Measurement(const RunOptions& options, std::string data_dir, const UsableCpus& cpus, Interrupt& interrupt);

  /// In which order trials deal out the CPUs; without, in that of their ids.
  void deal_cpus(std::vector<int> order) { dealt_cpus_ = std::move(order); }

  /// The grain at which a task of `serial`, a case that is complete but for its grain, takes the wished time. Throws
  /// UsageError when a trial fails. Nothing of worth when interrupted().
  CalibratedGrain calibrate_grain(Case serial, const TimeWish& wish);

  /// Pilots (to_be_piloted) and finds from them the tasks per block of all cases that are to have the same, such that a
  /// block of the slowest takes `plan.block`; `--tasks` overrides. Throws UsageError when a split batch's payload is
  /// more than a channel carries.
  void find_tasks(const Plan& plan);

  /// What all trials of the plan will take, after the pilots.
  double expected_seconds(const Plan& plan) const;

  /// Runs the case once; again, once, when somebody else used the CPUs meanwhile. A trial whose blocks take more than
  /// ten times their intended length is cut, and made again with tasks that are found anew, for the whole block group;
  /// at most twice a group.
  Measured perform(const Plan& plan, const Turn& turn);

  /// Since the last call: what was sized again, one line each.
  std::vector<std::string> resized();

  std::uint64_t tasks_of(const PlannedCase& planned) const;
  const LoadMeter& load() const { return load_; }
  bool interrupted() { return interrupt_.requested(); }

 private:
  TrialResult run_trial(const Case& measured, std::uint64_t tasks, int blocks,
                        std::optional<double> limit_s = std::nullopt);
  Pilot pilot(const Case& measured);
  double cut_after(const Plan& plan, const PlannedCase& planned) const;
  bool size_again(const Plan& plan, const PlannedCase& planned, Measured& measured);
  void check_messages(const Plan& plan) const;
  Assignment assignment(const Case& measured, std::uint64_t tasks) const;

  const RunOptions& options_;
  std::string data_dir_;
  LoadMeter load_;
  Interrupt& interrupt_;
  std::vector<int> dealt_cpus_;
  Figures figures_;                             ///< of what was piloted
  std::map<std::string, std::uint64_t> tasks_;  ///< by PlannedCase::block
  std::map<std::string, int> resizes_;          ///< the same
  std::vector<std::string> resized_;
  std::size_t attempts_left_ = 0;  ///< for repeating disturbed trials; a tenth of the plan
};

}  // namespace mpmt::benchmarks
