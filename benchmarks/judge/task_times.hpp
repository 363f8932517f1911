// What a task takes at a grain: a grain alone says little to who reads a table.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "benchmarks/case/case.hpp"

namespace mpmt::benchmarks {

/// `by`: who was measured, "serial" or "thread_pool x2".
struct TaskTime {
  double ns = 0;
  std::string by;
  bool alone = false;  ///< by nobody but the submitter
};

/// Collects trials of pools and serial cases, and tells the median time per task of the same work.
class TaskTimes {
 public:
  void add(const Case& measured, double ns_per_task);

  /// That of the baseline of its program (Case::is_serial), in the batch and placement of this case if it was measured
  /// in them; without any serial case, that of this case itself. `ns` is 0 when there is neither, or no tasks (a bare
  /// channel).
  TaskTime of(const Case& measured) const;

 private:
  struct Times {
    Case measured;
    std::vector<double> ns;
  };
  std::map<std::string, Times> by_name_;
};

/// "1.02 ms serial"; "-" when there is no time.
std::string text_of(const TaskTime& time);

}  // namespace mpmt::benchmarks
