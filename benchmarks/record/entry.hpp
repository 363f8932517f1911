// A contender's round as an entry of the record.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "benchmarks/host/load.hpp"
#include "benchmarks/judge/verdict.hpp"
#include "benchmarks/plan/plan.hpp"
#include "benchmarks/trial/trial_process.hpp"

namespace mpmt::benchmarks {

/// A contender in a round.
struct Measured {
  std::size_t planned = 0;  ///< index of the case in the plan
  int round = 0;
  int stage = 1;     ///< of the run: 1, rounds that every group has; 2, rounds for what those left open
  int attempts = 1;  ///< more than 1: earlier ones were stopped, or cut since their blocks took too long
  TrialResult trial;
  std::vector<executors::Block> laps;  ///< those of all contenders of a round correspond
  std::uint64_t settle_tasks = 0;
  int dropped_laps = 0;  ///< in which others used the CPUs: made again
  Load load;             ///< of the laps that count

  bool ok() const { return trial.status == executors::Status::ok && !laps.empty(); }
};

/// What makes a round of it useless, in words; empty when nothing does: it was stopped and continued, the CPUs of the
/// run or of a thread were changed from outside, or an open loop's generator was late for more than 1 % of the time.
/// What others use of the CPUs is not among them: it hits all contenders of a round, and what is compared is their
/// ratio.
std::string disturbance_of(const Measured& measured);

/// What contenders are compared by, in ns, lap by lap; lower is better: wall time ÷ tasks or operations. An open loop,
/// whose blocks always take equally long, has one value: the median latency.
std::vector<double> costs_ns(const Measured& measured);

/// The median of costs_ns(); 0 without a lap.
double cost_ns(const Measured& measured);

/// An entry in two parts: what all entries of the case have in common, and what this round of it gave.
struct Entry {
  nlohmann::json of_case;
  nlohmann::json of_round;
};

/// What a record says once of a case, in `cases`, by one of its entries: what makes it, but for what Google Benchmark's
/// tools look for in each entry; and what all its rounds have in common as a rule.
nlohmann::json said_once(const Entry& entry);
/// An entry, or an aggregate, without what is said once of its case; where it differs in that, it says so itself.
/// said_with() gives the whole back.
nlohmann::json said_apart(nlohmann::json entry, const nlohmann::json& once);
nlohmann::json said_with(const nlohmann::json& once, const nlohmann::json& entry);

/// The entry: Google Benchmark's keys, and ours. `together`: the group in which it was measured (Observation).
Entry make_entry(const Measured& measured, const PlannedCase& planned, const std::string& together,
                 std::string_view time_unit);

/// What a stored entry contributes to the verdict. Throws nlohmann::json::exception or std::invalid_argument.
Observation observation_of(const nlohmann::json& entry);

/// Divisor from nanoseconds to "ns", "us", "ms" or "s".
double nanoseconds_per(std::string_view time_unit);

/// Google Benchmark's aggregates (mean, median, stddev, cv) of a case from what its rounds measured; `of_case` is
/// that part of any of its entries. Their modes follow from the costs (cost_ns). Empty without a round.
std::vector<nlohmann::json> make_aggregates(const nlohmann::json& of_case, const std::vector<double>& real_times,
                                            const std::vector<double>& cpu_times, const std::vector<double>& costs);

}  // namespace mpmt::benchmarks
