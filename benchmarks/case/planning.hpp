// How a family is asked for its cases, and what it answers.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "benchmarks/case/axes.hpp"
#include "benchmarks/case/program.hpp"

namespace mpmt::benchmarks {

struct PlannedCase {
  Case measured;
  std::string group;       ///< cases that share it have equal workload and parameters
  std::string size_group;  ///< cases that share it have equally many tasks per block
};

/// Turns `--grain 100us` into an integer: for `serial`, a case that is complete but for its grain.
using CalibrateGrain = std::function<std::uint64_t(const Case& serial, const TimeWish& wish)>;

/// What is to be planned. Lives as long as the call that it is given to.
struct Wish {
  const Axes& axes;          ///< as the user asked for
  std::string_view profile;  ///< quick, standard or full: has what the user says nothing of
  int usable_cpus = 1;
  const Program& program;                ///< whose cases
  const std::vector<Program>& programs;  ///< all: what another one has is no mistake of the user's
  const CalibrateGrain& calibrate;
  const std::function<void()>& step;  ///< called again and again: a plan can be long, and what it throws ends it
};

struct PlannedCases {
  std::vector<PlannedCase> cases;
  std::vector<std::string> notes;  ///< what was left out, and why; one line each

  /// Once, however often it is said.
  void note(const std::string& line) {
    if (std::find(notes.begin(), notes.end(), line) == notes.end()) notes.push_back(line);
  }
};

}  // namespace mpmt::benchmarks
