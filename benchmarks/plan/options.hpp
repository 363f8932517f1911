// What a user asked `mpmt run` for.
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include "benchmarks/case/case.hpp"

namespace mpmt::benchmarks {

/// A wrong option: what() is one line that names the option and what is allowed. Exit code 2.
struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// How long a task should take alone; `roughly`: at a grain of 1, 2 or 5 times a power of ten.
struct TimeWish {
  std::chrono::nanoseconds time{};
  bool roughly = false;
};

/// Size of a task: in the workload's unit, or as a time, to be calibrated.
using Grain = std::variant<std::uint64_t, TimeWish>;

/// In a list of names: everything in the catalogue that fits what else was asked for.
inline constexpr std::string_view kAll = "all";

/// Empty lists and absent values mean: as the profile has it.
struct RunOptions {
  std::string profile = "quick";
  Family family = Family::pool;
  std::vector<std::string> workloads;
  std::vector<std::string> executors;
  std::vector<std::string> channels;
  std::vector<int> workers;
  std::vector<Grain> grains;
  std::vector<std::uint64_t> batches;  ///< 0 = split
  std::vector<std::size_t> payloads;
  std::vector<std::size_t> windows;
  std::vector<executors::Placement> placements;
  std::vector<executors::Wait> waits;
  std::vector<ipc::Sides> sides;
  std::vector<pairs::Pattern> patterns;
  std::vector<std::size_t> message_bytes;
  std::vector<FutexScope> futexes;
  std::vector<bool> touches;
  std::vector<double> rates;
  bool no_floors = false;
  std::optional<int> rounds;
  std::optional<int> iterations;
  std::optional<std::uint64_t> tasks;
  std::optional<double> min_time_s;   ///< timed per trial, at least: sets iterations
  std::optional<int> min_blocks;      ///< the same, as a number of blocks
  std::optional<std::uint64_t> seed;  ///< none: drawn, and recorded
  double timeout_s = 30;
  std::string data_dir;
  std::string out;
  std::string filter;  ///< regular expression over case names
  std::string time_unit = "ms";
  std::string format = "console";
  std::string color = "auto";
  bool dry_run = false;
  bool list_tests = false;
  bool no_wait = false;
};

}  // namespace mpmt::benchmarks
