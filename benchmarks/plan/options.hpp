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
  std::optional<int> rounds;  ///< of every group, no more and no fewer
  std::optional<int> laps;    ///< of every round
  std::optional<std::uint64_t> tasks;
  std::optional<std::chrono::nanoseconds> block;  ///< of a group's slowest case
  double margin = 0.03;                           ///< differences below it are as good as none
  double confidence = 0.95;                       ///< of a row, and of all winners together
  std::optional<double> budget_s;                 ///< of measuring, all rows together
  double wait_idle_s = 10;                        ///< for the machine to become idle, at most
  bool twins = false;                             ///< measure each contender against itself
  std::optional<double> min_time_s;               ///< timed per contender and round, at least: sets laps
  std::optional<int> min_blocks;                  ///< the same, as a number of blocks
  std::optional<std::uint64_t> seed;              ///< none: drawn, and recorded
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
