// Carrying out a plan: pilots, rounds, and what goes wrong between.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "base/cpus.hpp"
#include "base/interrupt.hpp"
#include "benchmarks/plan/plan.hpp"
#include "benchmarks/run/calibration.hpp"
#include "benchmarks/run/dealer.hpp"
#include "benchmarks/run/round.hpp"
#include "benchmarks/run/sizing.hpp"
#include "benchmarks/run/sums.hpp"

namespace mpmt::benchmarks {

/// What a deal has given.
struct Performed {
  std::vector<Measured> measured;  ///< in the order of the deal's members
  Cost cost;
  bool busy = false;         ///< others used the CPUs in it
  bool interrupted = false;  ///< then nothing of it is a result
};

/// Runs trials. Used by one thread.
class Measurement {
 public:
  Measurement(const RunOptions& options, std::string data_dir, const UsableCpus& cpus, Interrupt& interrupt);

  /// Whose cases are to be measured.
  void use(std::vector<Program> programs) { programs_ = std::move(programs); }
  /// In which order trials deal out the CPUs; without, in that of their ids.
  void deal_cpus(std::vector<int> order) { dealt_cpus_ = std::move(order); }
  /// Of the orders of laps.
  void seed(std::uint64_t seed) { random_.seed(seed); }

  /// The grain at which a task of `serial`, a case that is complete but for its grain, takes the wished time. Throws
  /// UsageError when a trial fails. Nothing of worth when interrupted().
  CalibratedGrain calibrate_grain(Case serial, const TimeWish& wish);

  /// Pilots (to_be_piloted) and finds from them the tasks per block of all cases that are to have the same, such that a
  /// block of the slowest takes block_of(); `--tasks` overrides. Throws UsageError when a split batch's payload is
  /// more than a channel carries.
  void find_tasks(const Plan& plan);

  /// How long that took.
  double pilots_s() const { return pilots_s_; }

  /// What the plan takes at least, and at most, in seconds, after the pilots.
  Expectation expectation(const Plan& plan) const;

  /// Makes the round; again when something stood still meanwhile. A trial whose block takes more than ten times its
  /// intended length is cut, and the round made again with tasks that are found anew, for the whole size group; at
  /// most twice a group.
  Performed perform(const Plan& plan, const Deal& deal);

  /// Since the last call: what was sized again, one line each.
  std::vector<std::string> resized();

  std::uint64_t tasks_of(const PlannedCase& planned) const;
  LoadMeter& load() { return load_; }
  bool interrupted() { return interrupt_.requested(); }

 private:
  struct Pilot {
    Figure figure;
    TrialResult trial;
  };

  Assignment assignment(const Case& measured, std::uint64_t tasks) const;
  Launch launch_of(const Case& measured) const;
  double timeout_s(const Case& measured) const;
  StartedTrial another_trial(const Case& measured);
  void pilot_all(const Plan& plan, const std::string& size_group, const std::vector<const Case*>& members);
  Pilot pilot(const Case& measured);
  Pilot pilot_once(const Case& measured, std::uint64_t tasks, std::uint64_t most);
  std::optional<double> time_task(const Case& measured, std::uint64_t tasks);
  double cut_after(const Plan& plan, const PlannedCase& planned) const;
  bool size_again(const Plan& plan, const PlannedCase& planned, TrialResult& trial);
  void check_messages(const Plan& plan) const;

  const RunOptions& options_;
  std::string data_dir_;
  std::vector<Program> programs_;
  LoadMeter load_;
  Interrupt& interrupt_;
  std::vector<int> dealt_cpus_;
  std::mt19937_64 random_;
  std::vector<StartedTrial> spare_;                                   ///< started, and told nothing yet
  std::size_t spares_ = 1;                                            ///< to be started next
  Figures figures_;                                                   ///< of what was piloted
  std::map<std::string, std::optional<executors::Memory>> memories_;  ///< that pilots looked at, by the case's name
  Sums sums_;
  double pilots_s_ = 0;
  std::map<std::string, std::uint64_t> tasks_;  ///< by PlannedCase::size_group
  std::map<std::string, int> resizes_;          ///< the same
  std::vector<std::string> resized_;
};

}  // namespace mpmt::benchmarks
