// Time that is not in a figure.
#pragma once

#include <optional>

#include "benchmarks/run/sizing.hpp"

namespace mpmt::benchmarks {

/// What blocks of a pilot took by the clock, where that is more than what they timed: a part for each task, and one
/// whatever the tasks. Values.
class ClockTimes {
 public:
  void add(const executors::Block& block);
  /// What the last block took more than the first.
  Nanoseconds of_tasks() const;
  /// Adds both parts to what else is known of the case.
  void tell(Figure& figure) const;

 private:
  struct Told {
    double tasks = 0;
    double ns = 0;
  };
  std::optional<Told> first_;
  Told last_;
};

}  // namespace mpmt::benchmarks
