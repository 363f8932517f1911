// What a program that uses the Google Benchmark library reports of one benchmark.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

namespace mpmt::commands {

/// One benchmark's time, as its library counts it: real time per iteration, whichever it shows.
struct GoogleFigure {
  enum class From { run, median_of_runs, median_aggregate, mean_aggregate };

  double ns_per_iteration = 0;  ///< finite, above 0
  From from = From::run;
  std::size_t runs = 1;
  std::uint64_t iterations = 0;  ///< of a run, over all its threads; 0: aggregates do not say
  std::uint64_t threads = 1;
};

/// The benchmark has not been measured, for a reason of its own; what() is "skipped: " and the reason.
struct GoogleSkipped : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The program has run no benchmark of this name.
struct GoogleMissing : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The figure of the benchmark with exactly this name, in a report of `--benchmark_out_format=json`
/// (https://github.com/google/benchmark/blob/main/docs/user_guide.md): the run's; the median of several runs; where
/// there are only aggregates, their median, or else their mean. Before 1.5 there is no run_type: aggregates are told by
/// the ends of their names.
///
/// Reads what libraries have written, which need not be JSON: numbers that are none (NaN, inf, 1e999) count as missing,
/// control characters as themselves, and text that is no UTF-8 byte by byte, so that a name is compared as the program
/// has it. Of two fields of one name the first counts, since counters have names of the program's choice.
///
/// Throws GoogleSkipped, GoogleMissing, or std::runtime_error: two benchmarks have this name, its time cannot be
/// measured, or the report cannot be read.
GoogleFigure figure_of(const std::string& report, const std::string& benchmark);

}  // namespace mpmt::commands
