#include "benchmarks/run/sizing.hpp"

#include <algorithm>
#include <cmath>

#include "base/text.hpp"

namespace mpmt::benchmarks {
namespace {

constexpr double kSettle = 0.2;  ///< of a block
constexpr double kManyTasks = 16;
constexpr double kManyInFlight = 4;
/// Of a block: its order, its answer, and putting workers to sleep.
constexpr double kBesideBlock_s = 0.0002;
/// What a group has before its first look.
constexpr double kUsualRounds = 6;
constexpr double kFirstShare = 0.4;  ///< of the budget
constexpr double kMostPilotGrowth = 64;
/// An answer has to be this much late before a trial is cut, so that a machine that pauses is not taken for a slow
/// case.
constexpr double kPatience_s = 2;
constexpr double kTooLong = 10;
/// Starting, warming up and ending a small trial, where nothing is known.
constexpr double kBeside_s = 0.02;

/// What members of one name differ in by their workers only.
std::string series_of(const Case& measured) {
  Case one = measured;
  one.workers = 1;
  return one.name();
}

struct Ends {
  const Case* fewest = nullptr;
  const Case* most = nullptr;
};

std::map<std::string, Ends> ends_of(const std::vector<const Case*>& members) {
  std::map<std::string, Ends> ends;
  for (const Case* member : members) {
    auto& [fewest, most] = ends[series_of(*member)];
    if (fewest == nullptr || member->workers < fewest->workers) fewest = member;
    if (most == nullptr || member->workers > most->workers) most = member;
  }
  return ends;
}

double seconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double>(time).count();
}

/// On the curve a × workers^b through two points.
double between(double at_fewest, double at_most, const Ends& ends, int workers) {
  if (at_fewest <= 0 || at_most <= 0) return std::max(at_fewest, at_most);
  const double all = std::log(static_cast<double>(ends.most->workers) / ends.fewest->workers);
  const double part = std::log(static_cast<double>(workers) / ends.fewest->workers);
  return all > 0 ? at_fewest * std::pow(at_most / at_fewest, part / all) : at_fewest;
}

}  // namespace

std::vector<const Case*> to_be_piloted(const std::vector<const Case*>& members) {
  std::vector<const Case*> chosen;
  for (const auto& [series, ends] : ends_of(members)) {
    chosen.push_back(ends.fewest);
    if (ends.most != ends.fewest) chosen.push_back(ends.most);
  }
  return chosen;
}

Figure figure_of(const Figures& figures, const std::vector<const Case*>& members, const Case& measured) {
  if (const auto known = figures.find(measured.name()); known != figures.end()) return known->second;
  const auto ends = ends_of(members).at(series_of(measured));
  const auto fewest = figures.find(ends.fewest->name());
  const auto most = figures.find(ends.most->name());
  if (fewest == figures.end() || most == figures.end()) return {0, kBeside_s};
  return {between(fewest->second.ns_per_task, most->second.ns_per_task, ends, measured.workers),
          between(fewest->second.beside_s, most->second.beside_s, ends, measured.workers)};
}

std::uint64_t round_up(double wanted, std::uint64_t step) {
  const double steps = std::clamp(std::ceil(wanted / static_cast<double>(step)), 1.0, static_cast<double>(kMostTasks));
  return static_cast<std::uint64_t>(steps) * step;
}

namespace {

double slowest_of(const Figures& figures, const std::vector<const Case*>& members) {
  double slowest = 0;
  for (const Case* member : members) slowest = std::max(slowest, figure_of(figures, members, *member).ns_per_task);
  return slowest;
}

/// The most tasks of any of these that are on their way at once; a split block is on its way as a whole.
double most_in_flight(const std::vector<const Case*>& members) {
  double most = 1;
  for (const Case* member : members) {
    if (member->batch == 0) return HUGE_VAL;
    most = std::max(most, static_cast<double>(member->window * member->batch) * member->workers);
  }
  return most;
}

}  // namespace

std::chrono::nanoseconds block_of(const Plan& plan, const Figures& figures, const std::vector<const Case*>& members) {
  const double slowest = slowest_of(figures, members);
  if (slowest <= 0 || members.front()->is_paced()) return plan.block_time;
  const double tasks = static_cast<double>(plan.short_block_time.count()) / slowest;
  return tasks >= kManyTasks && tasks >= kManyInFlight * most_in_flight(members) ? plan.short_block_time
                                                                                 : plan.block_time;
}

std::uint64_t tasks_for(const Figures& figures, const std::vector<const Case*>& members,
                        std::chrono::nanoseconds block) {
  const Case& first = *members.front();
  if (first.is_paced()) return round_up(seconds(block) * first.pair.rate, 1);
  const double slowest = slowest_of(figures, members);
  return round_up(slowest > 0 ? static_cast<double>(block.count()) / slowest : 1, divides_of(members));
}

std::uint64_t tasks_to_calibrate(double ns_per_task) {
  const auto in = [&](std::chrono::nanoseconds time) {
    return static_cast<std::uint64_t>(static_cast<double>(time.count()) / ns_per_task);
  };
  return std::max({std::uint64_t{1}, in(std::chrono::milliseconds(40)),
                   std::min<std::uint64_t>(8, in(std::chrono::milliseconds(200)))});
}

namespace {

/// What a round of some contenders takes: beside its laps, and a lap.
struct RoundTime {
  double beside_s = 0;
  double lap_s = 0;
};

/// `time`: of each group's round, added up over the groups.
Expectation expectation_of(const Plan& plan, const RoundTime& time) {
  const double rounds = plan.rounds.value_or(kUsualRounds);
  const auto first_part = [&](int laps) { return rounds * (time.beside_s + (1 + laps) * time.lap_s); };
  Expectation expected;
  expected.laps = plan.laps.value_or(kFirstLaps);
  const bool chooses = !plan.laps && !plan.rounds;
  while (chooses && expected.laps > kLeastLaps && first_part(expected.laps) > kFirstShare * plan.budget_s) {
    --expected.laps;
  }
  expected.first_part_s = first_part(expected.laps);
  const bool goes_on = !plan.rounds && plan.rows() > 0;
  expected.most_s = goes_on ? std::max(expected.first_part_s, plan.budget_s) : expected.first_part_s;
  return expected;
}

}  // namespace

Expectation expected_seconds(const Plan& plan, const Figures& figures,
                             const std::map<std::string, std::uint64_t>& tasks) {
  const auto size_groups = plan.size_groups();
  RoundTime total;
  for (const auto& group : plan.groups) {
    for (const auto member : group.members) {
      const auto& planned = plan.cases[member];
      const auto figure = figure_of(figures, size_groups.at(planned.size_group), planned.measured);
      const auto count = tasks.at(planned.size_group);
      const auto run = static_cast<double>(count + settle_tasks(planned.measured, count));
      total.beside_s += figure.beside_s;
      total.lap_s += kBesideBlock_s + figure.ns_per_task * 1e-9 * run;
    }
  }
  return expectation_of(plan, total);
}

Expectation guessed_seconds(const Plan& plan) {
  RoundTime total;
  for (const auto& group : plan.groups) {
    // The slowest member's block takes plan.block_time, the others' less.
    const auto members = static_cast<double>(group.members.size());
    total.beside_s += members * kBeside_s;
    total.lap_s += members * (kBesideBlock_s + 0.8 * (1 + kSettle) * seconds(plan.block_time));
  }
  double pilots = 0;
  for (const auto& [size_group, members] : plan.size_groups())
    pilots += 2 * kBeside_s * double(to_be_piloted(members).size());
  auto expected = expectation_of(plan, total);
  expected.first_part_s += pilots;
  expected.most_s = std::max(expected.most_s, expected.first_part_s);
  return expected;
}

std::uint64_t settle_tasks(const Case& measured, std::uint64_t tasks) {
  const auto least = 2 * static_cast<std::uint64_t>(measured.workers) * measured.batch_in(tasks);
  return std::min(tasks, std::max(least, static_cast<std::uint64_t>(kSettle * static_cast<double>(tasks))));
}

std::uint64_t next_pilot(std::uint64_t tasks, std::chrono::nanoseconds wall, std::chrono::nanoseconds aim) {
  const double missing = 1.25 * static_cast<double>(aim.count()) / std::max(1.0, static_cast<double>(wall.count()));
  return round_up(static_cast<double>(tasks) * std::clamp(missing, 2.0, kMostPilotGrowth), tasks);
}

double cut_after_s(const Figure& figure, std::uint64_t tasks, std::chrono::nanoseconds block) {
  const double intended = std::max(seconds(block), figure.ns_per_task * 1e-9 * static_cast<double>(tasks));
  return kPatience_s + kTooLong * (figure.beside_s + intended);
}

}  // namespace mpmt::benchmarks
