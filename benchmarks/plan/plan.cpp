#include "benchmarks/plan/plan.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "base/shown.hpp"
#include "base/text.hpp"
#include "benchmarks/case/family.hpp"
#include "benchmarks/plan/filter.hpp"
#include "benchmarks/plan/profile.hpp"

namespace mpmt::benchmarks {
namespace {

void keep_matching(std::vector<PlannedCase>& cases, const std::string& filter, const std::function<void()>& step) {
  const Filter wanted(filter);
  std::erase_if(cases, [&](const auto& planned) {
    step();
    return !wanted.keeps(planned.measured.name());
  });
}

std::map<std::string, std::vector<const Case*>> members_by(const std::vector<PlannedCase>& cases,
                                                           std::string PlannedCase::*key) {
  std::map<std::string, std::vector<const Case*>> members;
  for (const auto& planned : cases) members[planned.*key].push_back(&planned.measured);
  return members;
}

/// Each contender that runs tasks behind a link, twice: nothing differs but the label.
std::vector<PlannedCase> twins_of(const std::vector<PlannedCase>& cases) {
  std::vector<PlannedCase> twins;
  for (auto planned : cases) {
    if (who_runs(planned.measured) == Who::neither) continue;
    for (const auto* label : {"A", "B"}) {
      planned.measured.label = label;
      twins.push_back(planned);
    }
  }
  return twins;
}

/// An option of another family would be dropped silently.
void check_axes(const RunOptions& options, const Family& asked) {
  for (const auto& family : FamilyCatalog::instance().all()) {
    if (family.name == asked.name) continue;
    for (const auto& axis : family.axes) {
      if (axis.given(options)) throw UsageError(text(axis.option, ": means nothing with --family ", asked.name));
    }
  }
}

const Profile& profile_named(std::string_view name) {
  const auto* const found =
      std::find_if(kProfiles.begin(), kProfiles.end(), [&](const Profile& known) { return known.name == name; });
  if (found == kProfiles.end()) throw UsageError(text("--profile: '", shown(std::string(name)), "' is unknown"));
  return *found;
}

/// A block of many tasks may be so much shorter: more laps in the time, and the same ratios (docs/methodology.md).
constexpr int kShorter = 3;

}  // namespace

Plan make_plan(const RunOptions& options, int usable_cpus, std::uint64_t seed, const CalibrateGrain& calibrate,
               const std::function<void()>& step) {
  const auto& family = family_named(options.family);
  const auto& profile = profile_named(options.profile);
  check_axes(options, family);
  auto planned = family.plan({options, options.profile, usable_cpus, calibrate, step});
  Plan plan;
  plan.cases = std::move(planned.cases);
  for (auto& one : plan.cases) one.measured.family = family.name;
  plan.notes = std::move(planned.notes);
  plan.block_time = options.block_time.value_or(kBlock);
  plan.short_block_time = options.block_time.value_or(std::chrono::nanoseconds(kBlock) / kShorter);
  plan.rounds = options.rounds;
  plan.laps = options.laps;
  if (options.min_blocks && !options.laps) plan.laps = *options.min_blocks;
  if (options.min_time_s && !options.laps) {
    const double blocks = *options.min_time_s / std::chrono::duration<double>(plan.block_time).count();
    plan.laps = std::max(1, static_cast<int>(std::ceil(blocks)));
  }
  plan.budget_s = options.budget_s.value_or(profile.budget_s);
  plan.seed = seed;
  keep_matching(plan.cases, options.filter, step);
  if (options.twins) plan.cases = twins_of(plan.cases);
  plan.groups = groups_of(plan.cases, step);
  return plan;
}

std::size_t Plan::rows() const {
  std::size_t count = 0;
  for (const auto& group : groups) count += group.rows.size();
  return count;
}

std::map<std::string, std::vector<const Case*>> Plan::comparable() const& {
  return members_by(cases, &PlannedCase::group);
}

std::map<std::string, std::vector<const Case*>> Plan::size_groups() const& {
  return members_by(cases, &PlannedCase::size_group);
}

std::uint64_t divides_of(const std::vector<const Case*>& group) {
  std::uint64_t step = 1;
  for (const Case* member : group) step = std::lcm(step, static_cast<std::uint64_t>(member->workers));
  return step * std::max<std::uint64_t>(1, group.front()->batch);
}

bool channel_carries(const Case& measured, std::uint64_t tasks) {
  const auto* const channel = ipc::ChannelCatalog::instance().find(measured.channel);
  return channel == nullptr || measured.payload_bytes <= channel->max_payload_bytes / measured.batch_in(tasks);
}

}  // namespace mpmt::benchmarks
