// What is measured of a program of somebody else's.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace mpmt::benchmarks {

/// What a case has in place of workload, executor, channel and workers where a command, a server or a benchmark of a
/// Google Benchmark program is measured.
struct ForeignParameters {
  // A Google Benchmark program.
  std::vector<std::string> words;  ///< the program and its own arguments
  std::string benchmark;           ///< exactly as the program has it
  bool fixed_iterations = false;   ///< its library takes a number of iterations

  // A command, or a server and what loads it.
  std::string command;  ///< what is timed
  std::string serve;    ///< the server; empty: there is none
  std::string ready;    ///< a port of 127.0.0.1, or a command that exits with 0 once the server is ready
  std::string setup, prepare, cleanup;
  std::string input;              ///< the file that is its standard input
  std::string shell = "default";  ///< or none, or a shell
  bool ignore_failure = false;
  bool watch = true;  ///< run it once more, and look at its memory
  /// In the name: what is equal for all programs of a row.
  std::vector<std::pair<std::string, std::string>> parameters;
};

}  // namespace mpmt::benchmarks
