#include "benchmarks/judge/task_times.hpp"

#include <tuple>

#include "base/duration_text.hpp"
#include "base/text.hpp"
#include "benchmarks/judge/statistics.hpp"

namespace mpmt::benchmarks {
namespace {

bool same_work(const Case& a, const Case& b) {
  return std::tie(a.program, a.workload, a.grain, a.payload_bytes, a.waiting_percent) ==
         std::tie(b.program, b.workload, b.grain, b.payload_bytes, b.waiting_percent);
}

int likeness(const Case& a, const Case& b) {
  return 2 * (a.batch == b.batch) + (a.placement == b.placement);
}

}  // namespace

void TaskTimes::add(const Case& measured, double ns_per_task) {
  if (measured.executor.empty()) return;
  by_name_.try_emplace(measured.name(), Times{measured, {}}).first->second.ns.push_back(ns_per_task);
}

TaskTime TaskTimes::of(const Case& measured) const {
  const Times* alone = nullptr;
  for (const auto& [name, times] : by_name_) {
    if (!times.measured.is_serial() || !same_work(times.measured, measured)) continue;
    const bool better = alone == nullptr || likeness(times.measured, measured) > likeness(alone->measured, measured);
    if (better) alone = &times;
  }
  if (alone != nullptr) return {median(alone->ns), alone->measured.executor, true};
  const auto own = by_name_.find(measured.name());
  if (own == by_name_.end()) return {};
  return {median(own->second.ns), text(measured.executor, " x", measured.workers), false};
}

std::string text_of(const TaskTime& time) {
  return time.ns > 0 ? duration_text(time.ns) + " " + time.by : "-";
}

}  // namespace mpmt::benchmarks
