#include <algorithm>

#include "benchmarks/families/parts.hpp"
#include "benchmarks/families/pool_plan.hpp"

namespace mpmt::benchmarks {
namespace {

using executors::Placement;
using executors::Wait;

/// 1, 2, 4, … up to `most`, and `most` itself.
std::vector<int> doubling(int most) {
  std::vector<int> counts;
  for (int workers = 1; workers < most; workers *= 2) counts.push_back(workers);
  counts.push_back(most);
  return counts;
}

/// Nothing special: for a workload that no table lists, such as one that was added since.
Axes plain_axes() {
  Axes axes;
  axes.workers = {1, 2};
  axes.grains = {std::uint64_t{1}};
  axes.batches = {1};
  axes.payloads = {0};
  axes.waitings = {workloads::kUsualWaitingPercent};
  axes.windows = {2};
  axes.placements = {Placement::spread};
  axes.waits = {Wait::block};
  return axes;
}

WorkloadAxes plain_row(const WorkloadOffer& workload) {
  WorkloadAxes row{workload.name, plain_axes()};
  row.axes.grains = {workload.usual_grain};
  row.axes.payloads = {workload.minimum_payload};
  if (workload.takes_waiting) row.axes.workers = {1, 2, 4};  // as of sleep_wait, below
  return row;
}

/// Without those that are not in the offer.
std::vector<WorkloadAxes> offered(std::vector<WorkloadAxes> rows, const Offer& offer) {
  std::erase_if(rows, [&](const auto& row) { return offer.workload(row.workload) == nullptr; });
  return rows;
}

/// Adds the workloads of the offer that are not in the table.
std::vector<WorkloadAxes> with_the_rest(std::vector<WorkloadAxes> rows, const Offer& offer) {
  for (const auto& workload : offer.workloads) {
    const auto listed = [&](const auto& row) { return row.workload == workload.name; };
    if (std::none_of(rows.begin(), rows.end(), listed)) rows.push_back(plain_row(workload));
  }
  return rows;
}

/// One grain a workload, of about a millisecond where its cost scales. Waiting overlaps beyond the number of CPUs, so
/// sleep_wait goes to 4 workers.
std::vector<WorkloadAxes> quick_rows() {
  std::vector<WorkloadAxes> rows;
  const auto add = [&](std::string_view workload, std::uint64_t grain) -> Axes& {
    rows.push_back({std::string(workload), plain_axes()});
    rows.back().axes.grains = {grain};
    return rows.back().axes;
  };
  add("empty", 1).windows = {64};
  add("prime_count", 10'000);
  add("hash_chain", 250'000);
  add("matrix_multiply", 100);
  add("sort_block", 20);
  add("sleep_wait", 2000).workers = {1, 2, 4};
  add("file_cached", 200);
  add("file_sync", 5);
  add("loopback_echo", 1000).workers = {1, 2, 4};
  add("payload_copy", 1).payloads = {4096};
  return rows;
}

std::uint64_t coarsest(const Axes& axes) {
  return std::get<std::uint64_t>(axes.grains.back());
}

/// The cheapest, the usual and the dearest.
const std::vector<std::string> kChannelsOfLongTasks{"shm_ring", "boost_queue", "tcp_loopback"};

/// Two grains, fine and coarse; batching where dispatch dominates; one CPU as well for what is mostly hand-off.
std::vector<WorkloadAxes> standard_rows(int cpus, const Offer& offer) {
  auto rows = with_the_rest(offered(quick_rows(), offer), offer);
  for (auto& [workload, axes, long_task] : rows) {
    const auto coarse = coarsest(axes);
    if (coarse >= 20) axes.grains = {coarse / 20, coarse};
    if (coarse > 1) long_task = coarse;
    if (axes.workers.back() == 2) axes.workers = doubling(std::max(2, cpus));
    if (workload == "empty") {
      axes.batches = {1, 256};
      axes.windows = {1, 64};
      axes.placements = {Placement::same, Placement::spread};
    }
    if (workload == "payload_copy") axes.payloads = {64, 4096, 65'536};
  }
  return rows;
}

std::vector<std::string> names_of(const std::vector<ChannelOffer>& channels) {
  std::vector<std::string> names;
  for (const auto& channel : channels) names.push_back(channel.name);
  return names;
}

/// Those of these channels that are offered; all when none is: another program has its own.
std::vector<std::string> of_these(std::vector<std::string> names, const Offer& offer) {
  std::erase_if(names, [&](const auto& name) { return offer.channel(name) == nullptr; });
  return names.empty() ? names_of(offer.channels) : names;
}

/// All placements and waits, finer and coarser grains, more workers than CPUs.
std::vector<WorkloadAxes> full_rows(int cpus, const Offer& offer) {
  auto rows = standard_rows(cpus, offer);
  for (auto& [workload, axes, long_task] : rows) {
    long_task = UINT64_MAX;
    const auto coarse = coarsest(axes);
    if (axes.grains.size() == 2) axes.grains = {std::max<std::uint64_t>(1, coarse / 400), coarse / 20, coarse};
    axes.workers = doubling(std::max(4, 2 * cpus));
    axes.placements = {Placement::same, Placement::spread, Placement::free};
    axes.waits = {Wait::block, Wait::yield};
    if (workload == "payload_copy") axes.payloads = {64, 4096, 65'536, 1 << 20};
  }
  return rows;
}

}  // namespace

std::vector<std::string> PoolProfile::workloads() const {
  std::vector<std::string> names;
  for (const auto& row : rows) names.push_back(row.workload);
  return names;
}

WorkloadAxes PoolProfile::row_of(const WorkloadOffer& workload) const {
  const auto listed =
      std::find_if(rows.begin(), rows.end(), [&](const auto& row) { return row.workload == workload.name; });
  return listed != rows.end() ? *listed : plain_row(workload);
}

PoolProfile pool_profile(std::string_view name, int usable_cpus, const Offer& offer) {
  const bool quick = name == "quick";
  PoolProfile profile;
  for (const auto& executor : offer.executors) {
    const bool wanted = quick ? executor.quick : executor.unsupported.empty();
    if (wanted) profile.executors.push_back(executor.name);
  }
  profile.channels = of_these({"boost_queue"}, offer);
  profile.channels_of_long_tasks = of_these(kChannelsOfLongTasks, offer);
  if (!quick) profile.channels = names_of(offer.channels);
  // Quick is a fixed table; the others take up whatever is offered.
  profile.rows = quick                ? offered(quick_rows(), offer)
                 : name == "standard" ? standard_rows(usable_cpus, offer)
                                      : full_rows(usable_cpus, offer);
  return profile;
}

}  // namespace mpmt::benchmarks
