#include "benchmarks/run/clock_times.hpp"

#include <algorithm>

namespace mpmt::benchmarks {

void ClockTimes::add(const executors::Block& block) {
  if (block.elapsed_ns <= block.wall_ns) return;
  const Told told{static_cast<double>(block.tasks), static_cast<double>(block.elapsed_ns)};
  if (!first_) first_ = told;
  last_ = told;
}

Nanoseconds ClockTimes::of_tasks() const {
  return Nanoseconds(first_ ? static_cast<std::int64_t>(std::max(0.0, last_.ns - first_->ns)) : 0);
}

void ClockTimes::tell(Figure& figure) const {
  if (!first_) return;
  const double tasks = last_.tasks - first_->tasks;
  const double each = tasks > 0 ? static_cast<double>(of_tasks().count()) / tasks : 0;
  figure.clock_ns = std::max(figure.ns_per_task, each);
  figure.block_s = std::max(0.0, last_.ns - figure.clock_ns * last_.tasks) * 1e-9;
}

}  // namespace mpmt::benchmarks
