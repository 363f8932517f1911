// Which benchmarks a program has that uses the Google Benchmark library.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "base/clock.hpp"

namespace mpmt::commands {

struct GoogleListing {
  std::vector<std::string> names;  ///< each is one benchmark's only, as the program has it, byte by byte
  bool fixed_iterations = false;   ///< takes --benchmark_min_time=<n>x: its library is of 1.8 or later
  std::vector<std::string> notes;  ///< what must be said of it, a line each
};

/// It does not list, and asking it something else would be of no use: it runs its benchmarks whatever it is told, or
/// does not end.
struct GoogleDeaf : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Asks the program three times, and runs none of its benchmarks: for its list, for the list of those that match
/// nothing, which is what it prints by itself, and for the list with an option that it may not know. Names that several
/// benchmarks share are left out, with a note. `command`: the program and its own arguments.
///
/// Throws std::runtime_error, one line (GoogleDeaf among them): it cannot be started, fails, runs its benchmarks
/// instead (which is noticed as soon as it prints the head of a report), lists none, or has not done so at the
/// deadline.
GoogleListing list_benchmarks(const std::vector<std::string>& command, Deadline deadline);

}  // namespace mpmt::commands
