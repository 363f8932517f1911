// What a user asked `mpmt run` for.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "benchmarks/case/axes.hpp"

namespace mpmt::benchmarks {

/// NAME=COMMAND, as a user gave it.
struct NamedCommand {
  std::string name;
  std::string command;
};

/// Absent values mean: as the profile has it.
struct RunOptions : Axes {
  std::string profile = "quick";
  std::string family = "pool";
  std::vector<NamedCommand> programs;  ///< whose cases are measured, in place of this one's
  std::vector<std::string> with;       ///< known ones beside them
  std::vector<NamedCommand> commands;  ///< that are themselves measured
  std::vector<NamedCommand> servers;   ///< the same, under `foreign.command` as their load
  ForeignParameters foreign;           ///< what commands and servers have in common
  std::optional<int> rounds;           ///< of every group, no more and no fewer
  std::optional<int> laps;             ///< of every round
  std::optional<std::uint64_t> tasks;
  std::optional<std::chrono::nanoseconds> block_time;  ///< of a group's slowest case
  double margin = 0.03;                                ///< differences below it are as good as none
  double confidence = 0.95;                            ///< of what is said of a row
  std::optional<double> budget_s;                      ///< of measuring, all rows together, pilots included
  double wait_idle_s = 10;                             ///< for the machine to become idle, at most
  bool twins = false;                                  ///< measure each contender against itself
  std::optional<double> min_time_s;                    ///< timed per contender and round, at least: sets laps
  std::optional<int> min_blocks;                       ///< the same, as a number of blocks
  std::optional<std::uint64_t> seed;                   ///< none: drawn, and recorded
  std::optional<double> timeout_s;                     ///< for an answer of a trial
  std::string data_dir;
  std::string journal_dir;  ///< empty: the state folder
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
