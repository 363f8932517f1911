#include "benchmarks/plan/profile.hpp"

#include <algorithm>

namespace mpmt::benchmarks {
namespace {

using executors::Placement;
using executors::Wait;

/// Many short blocks reach an interval in half of the time of few long ones; shorter than this, ramp-up and drain of a
/// block of few tasks are no longer small beside it (docs/methodology.md).
constexpr std::chrono::milliseconds kBlock{3};
/// Of measuring, in seconds.
constexpr double kQuickBudget = 50;
constexpr double kStandardBudget = 540;
constexpr double kFullBudget = 6 * 3600;

/// 1, 2, 4, … up to `most`, and `most` itself.
std::vector<int> doubling(int most) {
  std::vector<int> counts;
  for (int workers = 1; workers < most; workers *= 2) counts.push_back(workers);
  counts.push_back(most);
  return counts;
}

template <class Part>
std::vector<std::string_view> all_of() {
  std::vector<std::string_view> names;
  for (const auto& part : Catalog<Part>::instance().all()) names.push_back(part.name);
  return names;
}

/// For a workload that no table lists, such as one that was added since: nothing special.
ProfileRow plain_row(const workloads::Description& workload) {
  return {workload.name, {1}, {1}, {workload.minimum_payload}, {2}, {1, 2}, {Placement::spread}, {Wait::block}};
}

/// Adds the workloads of the catalogue that are not in the table.
std::vector<ProfileRow> with_the_rest(std::vector<ProfileRow> rows) {
  for (const auto& workload : workloads::WorkloadCatalog::instance().all()) {
    const auto listed = [&](const auto& row) { return row.workload == workload.name; };
    if (std::none_of(rows.begin(), rows.end(), listed)) rows.push_back(plain_row(workload));
  }
  return rows;
}

/// One grain a workload, of about a millisecond where its cost scales. Waiting overlaps beyond the number of CPUs, so
/// sleep_wait goes to 4 workers.
std::vector<ProfileRow> quick_rows() {
  const ProfileRow plain{"", {1}, {1}, {0}, {2}, {1, 2}, {Placement::spread}, {Wait::block}};
  std::vector<ProfileRow> rows;
  const auto add = [&](std::string_view workload, std::uint64_t grain) -> ProfileRow& {
    rows.push_back(plain);
    rows.back().workload = workload;
    rows.back().grains = {grain};
    return rows.back();
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

/// Two grains, fine and coarse; batching where dispatch dominates; one CPU as well for what is mostly hand-off.
std::vector<ProfileRow> standard_rows(int cpus) {
  auto rows = with_the_rest(quick_rows());
  for (auto& row : rows) {
    const auto coarse = row.grains.front();
    if (coarse >= 20) row.grains = {coarse / 20, coarse};
    if (row.workers.back() == 2) row.workers = doubling(std::max(2, cpus));
    if (row.workload == "empty") {
      row.batches = {1, 256};
      row.windows = {1, 64};
      row.placements = {Placement::same, Placement::spread};
    }
    if (row.workload == "payload_copy") row.payloads = {64, 4096, 65'536};
  }
  return rows;
}

/// All placements and waits, finer and coarser grains, more workers than CPUs.
std::vector<ProfileRow> full_rows(int cpus) {
  auto rows = standard_rows(cpus);
  for (auto& row : rows) {
    if (row.grains.size() == 2)
      row.grains = {std::max<std::uint64_t>(1, row.grains[0] / 20), row.grains[0], row.grains[1]};
    row.workers = doubling(std::max(4, 2 * cpus));
    row.placements = {Placement::same, Placement::spread, Placement::free};
    row.waits = {Wait::block, Wait::yield};
    if (row.workload == "payload_copy") row.payloads = {64, 4096, 65'536, 1 << 20};
  }
  return rows;
}

ExchangeProfile exchanges_of(std::string_view profile) {
  using pairs::Pattern;
  const auto floors = all_of<ipc::Floor>();
  constexpr double kRate = 5000;
  if (profile == "quick") {
    return {{"boost_queue", "pipe", "shm_ring", "unix_stream"},
            floors,
            {Pattern::ping_pong, Pattern::stream},
            {64, 65'536},
            {Placement::same, Placement::spread},
            {Wait::block},
            {kRate},
            kBlock};
  }
  ExchangeProfile exchanges{all_of<ipc::Description>(),
                            floors,
                            {Pattern::ping_pong, Pattern::stream},
                            {8, 64, 1024, 16'384, 262'144, 1 << 20},
                            {Placement::same, Placement::spread},
                            {Wait::block, Wait::yield},
                            {kRate},
                            kBlock};
  if (profile == "full") {
    exchanges.patterns.push_back(Pattern::open_loop);
    exchanges.message_bytes = {8, 64, 256, 1024, 4096, 16'384, 65'536, 262'144, 1 << 20, 4 << 20, 16 << 20};
    exchanges.placements.push_back(Placement::free);
  }
  return exchanges;
}

}  // namespace

Profile profile_of(std::string_view name, int usable_cpus) {
  // Quick is a fixed table; the others take up whatever is in the catalogues.
  if (name == "quick") {
    return {{"serial", "thread_pool", "process_pool"},
            {"boost_queue"},
            quick_rows(),
            kQuickBudget,
            kBlock,
            exchanges_of(name)};
  }
  const auto executors = all_of<executors::Description>();
  const auto channels = all_of<ipc::Description>();
  if (name == "standard")
    return {executors, channels, standard_rows(usable_cpus), kStandardBudget, kBlock, exchanges_of(name)};
  return {executors, channels, full_rows(usable_cpus), kFullBudget, kBlock, exchanges_of(name)};
}

ProfileRow row_of(const Profile& profile, std::string_view workload) {
  const auto listed =
      std::find_if(profile.rows.begin(), profile.rows.end(), [&](const auto& row) { return row.workload == workload; });
  return listed != profile.rows.end() ? *listed : plain_row(*workloads::WorkloadCatalog::instance().find(workload));
}

}  // namespace mpmt::benchmarks
