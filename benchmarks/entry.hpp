// One trial as an entry of the record.
#pragma once

#include <benchmark/benchmark.h>

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "benchmarks/load.hpp"
#include "benchmarks/plan.hpp"
#include "benchmarks/trial_process.hpp"
#include "benchmarks/verdict.hpp"

namespace mpmt::benchmarks {

/// A trial in its place in the run.
struct Measured {
  std::size_t planned = 0;  ///< index of the case in the plan
  int round = 0;
  int attempts = 1;  ///< more than 1: earlier ones were disturbed
  TrialResult trial;
  Load load;
};

/// The trial's status, load considered: an ok trial during which others used the CPUs is `disturbed`.
executors::Status status_of(const Measured& measured);

/// Median over the blocks of wall time ÷ tasks; 0 when there is no block.
double ns_per_task(const TrialResult& trial);

/// The entry: Google Benchmark's keys as `run` has them, and ours.
nlohmann::json make_entry(const benchmark::BenchmarkReporter::Run& run, const Measured& measured,
                          const PlannedCase& planned, int rounds, std::string_view time_unit);

/// What a stored entry contributes to the verdict. Throws nlohmann::json::exception or std::invalid_argument.
Observation observation_of(const nlohmann::json& entry);

/// Divisor from nanoseconds to "ns", "us", "ms" or "s".
double nanoseconds_per(std::string_view time_unit);

/// Google Benchmark's aggregates (mean, median, stddev, cv) of a case from its iteration entries, reduced to
/// {real_time, cpu_time} of the ok ones; `example` is any entry of the case. Empty without an ok trial.
std::vector<nlohmann::json> make_aggregates(const nlohmann::json& example, const std::vector<double>& real_times,
                                            const std::vector<double>& cpu_times, executors::Status status);

}  // namespace mpmt::benchmarks
