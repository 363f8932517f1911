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

/// Those of all programs. A wish for a time is one grain for all: tasks that are compared are equal.
class AllCases {
 public:
  AllCases(const RunOptions& options, const std::vector<Program>& programs, int usable_cpus,
           const CalibrateGrain& calibrate, const std::function<void()>& step)
      : options_(options), programs_(programs), usable_cpus_(usable_cpus), calibrate_(calibrate), step_(step) {}

  PlannedCases plan(const Family& family) {
    const CalibrateGrain once = [this](const Case& serial, const TimeWish& wish) { return grain_of(serial, wish); };
    for (const auto& program : programs_) {
      auto planned = family.plan({options_, options_.profile, usable_cpus_, program, programs_, once, step_});
      for (const auto& note : planned.notes) all_.note(note);
      for (auto& one : planned.cases) {
        one.measured.family = family.name;
        one.measured.program = program.name;
        all_.cases.push_back(std::move(one));
      }
    }
    return std::move(all_);
  }

 private:
  std::uint64_t grain_of(const Case& serial, const TimeWish& wish) {
    const auto key = text(serial.workload, "/", serial.payload_bytes, "/", waiting_text(serial), "/", wish.time.count(),
                          "/", wish.roughly);
    const auto known = grains_.find(key);
    if (known != grains_.end()) return known->second;
    return grains_[key] = calibrate_(serial, wish);
  }

  const RunOptions& options_;
  const std::vector<Program>& programs_;
  const int usable_cpus_;
  const CalibrateGrain& calibrate_;
  const std::function<void()>& step_;
  std::map<std::string, std::uint64_t> grains_;
  PlannedCases all_;
};

/// A program that has no case in common with another one is measured apart: blocks are as long as its own slowest asks
/// for.
void part_programs(std::vector<PlannedCase>& cases) {
  std::vector<Case> all;
  for (const auto& planned : cases) all.push_back(planned.measured);
  const SharedCases shared(all);
  for (auto& planned : cases) {
    const auto& program = planned.measured.program;
    if (program.empty() || shared.shared_by(program)) continue;
    planned.group += "/program:" + program;
    planned.size_group += "/program:" + program;
  }
}

/// Under --twins only contenders that run tasks behind a link are of interest.
void keep_linked(std::vector<PlannedCase>& cases) {
  std::erase_if(cases, [](const auto& planned) { return who_runs(planned.measured) == Who::neither; });
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

Plan make_plan(const RunOptions& options, std::vector<Program> programs, int usable_cpus, std::uint64_t seed,
               const CalibrateGrain& calibrate, const std::function<void()>& step) {
  const auto& family = family_named(options.family);
  const auto& profile = profile_named(options.profile);
  check_axes(options, family);
  auto planned = AllCases(options, programs, usable_cpus, calibrate, step).plan(family);
  Plan plan;
  plan.programs = std::move(programs);
  plan.cases = std::move(planned.cases);
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
  if (options.twins) keep_linked(plan.cases);
  part_programs(plan.cases);
  plan.groups = groups_of(plan.cases, step);
  return plan;
}

std::size_t Plan::rows() const {
  std::size_t count = 0;
  for (const auto& group : groups) count += group.rows.size();
  return count;
}

const Program& Plan::program_of(const Case& measured) const {
  const auto is_its = [&](const Program& program) { return program.name == measured.program; };
  return *std::find_if(programs.begin(), programs.end(), is_its);
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
  return measured.payload_bytes <= measured.facts.max_payload_bytes / measured.batch_in(tasks);
}

}  // namespace mpmt::benchmarks
