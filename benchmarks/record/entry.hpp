// One trial as an entry of the record.
#pragma once

#include <benchmark/benchmark.h>

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "benchmarks/host/load.hpp"
#include "benchmarks/plan/plan.hpp"
#include "benchmarks/trial/trial_process.hpp"
#include "benchmarks/judge/verdict.hpp"

namespace mpmt::benchmarks {

/// A trial in its place in the run.
struct Measured {
  std::size_t planned = 0;  ///< index of the case in the plan
  int round = 0;
  int attempts = 1;  ///< more than 1: earlier ones were disturbed
  TrialResult trial;
  Load load;
};

/// What an ok trial was disturbed by, in words; empty when by nothing: it was stopped and continued, others used the
/// CPUs, those of the run or of a thread were changed from outside, or an open loop's generator was late for more than
/// 1 % of the time.
std::string disturbance_of(const Measured& measured);

/// The trial's status: `disturbed` when there is something to disturb an ok one.
executors::Status status_of(const Measured& measured);

/// What trials are compared by, in ns; lower is better: ns_per_task(), but of an open loop, whose blocks always take
/// equally long, the median latency. 0 when there is no block.
double cost_ns(const TrialResult& trial);

/// Median over the blocks of wall time ÷ tasks, or operations; 0 when there is no block.
double ns_per_task(const TrialResult& trial);

/// Of the blocks' wall time: by which an open loop's generator began its sends late through its own fault.
double generator_late_share(const TrialResult& trial);

/// The entry: Google Benchmark's keys as `run` has them, and ours.
nlohmann::json make_entry(const benchmark::BenchmarkReporter::Run& run, const Measured& measured,
                          const PlannedCase& planned, int rounds, std::string_view time_unit);

/// What a stored entry contributes to the verdict. Throws nlohmann::json::exception or std::invalid_argument.
Observation observation_of(const nlohmann::json& entry);

/// Divisor from nanoseconds to "ns", "us", "ms" or "s".
double nanoseconds_per(std::string_view time_unit);

/// Google Benchmark's aggregates (mean, median, stddev, cv) of a case from what its ok trials measured; `example` is
/// any entry of the case. Their status and modes follow from the costs (cost_ns). Empty without an ok trial.
std::vector<nlohmann::json> make_aggregates(const nlohmann::json& example, const std::vector<double>& real_times,
                                            const std::vector<double>& cpu_times, const std::vector<double>& costs);

}  // namespace mpmt::benchmarks
