// A benchmark of any program that uses the Google Benchmark library, as an executor.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "executors/executor.hpp"

namespace mpmt::commands {

struct GoogleConfig {
  std::string name;                  ///< the contender's, for messages
  std::vector<std::string> command;  ///< the program and its own arguments
  std::string benchmark;             ///< exactly as google_listing.hpp's list has it
  bool fixed_iterations = false;     ///< ask for a number of iterations; otherwise for the time that it takes
  std::vector<int> cpus = {};        ///< where its processes run; none: where the caller does
};

/// An executor whose tasks are iterations of the benchmark: each run() is a fresh process that runs this benchmark
/// alone, once, with `tasks` iterations a thread. A library that takes no such number (before 1.8) gets the time that
/// they take, by what was last seen, and chooses its own number.
///
/// Outcome::block: `wall_ns` is the real time per iteration, as the library counts it, times `tasks`; `elapsed_ns` the
/// process from start to end, where that is more; `workers` what the process used, its start included, and zero where
/// it did other iterations than asked; `messages` 1, `sum` `tasks`. Of a benchmark that repeats itself the median
/// counts. Requests for latencies and checks are ignored. No worker is left between blocks: workers() is empty.
///
/// Status: unsupported when the benchmark skips itself ("skipped: " and its reason), worker_died when a signal ended
/// the process, timed_out when it had to be killed, and error for all else, with the program's last words.
///
/// notes(): that it runs another number of iterations than asked, reports only aggregates, repeats itself, or takes
/// much longer than its figure says. Throws std::invalid_argument for an empty command or name of a benchmark; the
/// program is not started before the first run().
std::unique_ptr<executors::Executor> start_google(const GoogleConfig& config, Deadline deadline);

}  // namespace mpmt::commands
