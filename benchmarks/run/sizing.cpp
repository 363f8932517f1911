#include "benchmarks/run/sizing.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/text.hpp"
#include "benchmarks/case/family.hpp"

namespace mpmt::benchmarks {
namespace {

constexpr double kSettle = 0.2;  ///< of a block
constexpr int kBesideToBlock = 4;
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

/// A pool's long tasks overlap.
double share_of(const Case& measured) {
  return static_cast<double>(std::max(1, measured.workers));
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
  const auto place = [&](const Case* one) { return std::find(members.begin(), members.end(), one); };
  std::sort(chosen.begin(), chosen.end(), [&](const Case* a, const Case* b) { return place(a) < place(b); });
  return chosen;
}

Figure figure_of(const Figures& figures, const std::vector<const Case*>& members, const Case& measured) {
  if (const auto known = figures.find(measured.name()); known != figures.end()) return known->second;
  const auto ends = ends_of(members).at(series_of(measured));
  const auto fewest = figures.find(ends.fewest->name());
  const auto most = figures.find(ends.most->name());
  if (fewest == figures.end() || most == figures.end()) return {0, kBeside_s};
  Figure figure;
  figure.ns_per_task = between(fewest->second.ns_per_task, most->second.ns_per_task, ends, measured.workers);
  figure.beside_s = between(fewest->second.beside_s, most->second.beside_s, ends, measured.workers);
  return figure;
}

std::uint64_t round_up(double wanted, std::uint64_t step) {
  const double steps = std::clamp(std::ceil(wanted / static_cast<double>(step)), 1.0, static_cast<double>(kMostTasks));
  return static_cast<std::uint64_t>(steps) * step;
}

namespace {

/// By the clock.
double slowest_of(const Figures& figures, const std::vector<const Case*>& members) {
  double slowest = 0;
  for (const Case* member : members) {
    const auto figure = figure_of(figures, members, *member);
    slowest = std::max({slowest, figure.ns_per_task, figure.clock_ns});
  }
  return slowest;
}

std::chrono::nanoseconds most_beside(const Figures& figures, const std::vector<const Case*>& members) {
  double most = 0;
  for (const Case* member : members) most = std::max(most, figure_of(figures, members, *member).block_s);
  return std::chrono::nanoseconds(static_cast<std::int64_t>(most * 1e9));
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
  if (const auto beside = most_beside(figures, members); beside > plan.block_time) {
    return std::max(plan.block_time, beside / kBesideToBlock);
  }
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
  double once_s = 0;  ///< what is in the first round only: long blocks of contenders that have no row
};

bool has_row(const Group& group, std::size_t member) {
  return std::any_of(group.rows.begin(), group.rows.end(),
                     [&](const Row& row) { return row.a == member || row.b == member; });
}

/// `time`: of each group's round, added up over the groups.
Expectation expectation_of(const Plan& plan, const RoundTime& time) {
  const double rounds = plan.rounds.value_or(kUsualRounds);
  const double usual_lap_s = time.lap_s / static_cast<double>(std::max<std::size_t>(1, plan.groups.size()));
  const int warm_up = usual_lap_s < kLongLap_s ? 1 : 0;
  const int least = least_laps(usual_lap_s);
  const auto first_part = [&](int laps) {
    return time.once_s + rounds * (time.beside_s + (warm_up + laps) * time.lap_s);
  };
  Expectation expected;
  expected.laps = plan.laps.value_or(kFirstLaps);
  const bool chooses = !plan.laps && !plan.rounds;
  while (chooses && expected.laps > least && first_part(expected.laps) > kFirstShare * plan.budget_s) {
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
  std::vector<double> laps_s;
  for (const auto& group : plan.groups) {
    double lap_s = 0;
    double without_row_s = 0;
    for (const auto member : group.members) {
      const auto& planned = plan.cases[member];
      const auto figure = figure_of(figures, size_groups.at(planned.size_group), planned.measured);
      const auto count = tasks.at(planned.size_group);
      const double block_s = kBesideBlock_s + figure.block_of(count + settle_tasks(planned.measured, count, figure));
      total.beside_s += figure.beside_s;
      lap_s += block_s;
      if (!has_row(group, member)) without_row_s += block_s;
    }
    laps_s.push_back(lap_s);
    const bool once = lap_s >= kLongLap_s && !group.rows.empty() && !plan.rounds;
    total.lap_s += once ? lap_s - without_row_s : lap_s;
    if (once) total.once_s += without_row_s;
  }
  auto expected = expectation_of(plan, total);
  expected.lap_s = std::move(laps_s);
  return expected;
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

double Figure::block_of(std::uint64_t of_tasks) const {
  return block_s + std::max(ns_per_task, clock_ns) * 1e-9 * static_cast<double>(of_tasks);
}

std::optional<Figure> figure_without_pilot(const Case& measured, const Offer& offer) {
  const auto* const workload = offer.workload(measured.workload);
  if (workload == nullptr || !workload->unit) return std::nullopt;
  const double task_s = seconds(*workload->unit) * static_cast<double>(measured.grain);
  if (task_s < kLongLap_s) return std::nullopt;
  return Figure{task_s * 1e9 / share_of(measured), kBeside_s + task_s, 1};
}

std::uint64_t settle_tasks(const Case& measured, std::uint64_t tasks, const Figure& figure) {
  if (family_of(measured).fresh_blocks || figure.block_of(tasks) >= kLongLap_s) return 0;
  const auto least = 2 * static_cast<std::uint64_t>(measured.workers) * measured.batch_in(tasks);
  return std::min(tasks, std::max(least, static_cast<std::uint64_t>(kSettle * static_cast<double>(tasks))));
}

std::uint64_t next_pilot(std::uint64_t tasks, std::chrono::nanoseconds wall, std::chrono::nanoseconds aim) {
  const double missing = 1.25 * static_cast<double>(aim.count()) / std::max(1.0, static_cast<double>(wall.count()));
  return round_up(static_cast<double>(tasks) * std::clamp(missing, 2.0, kMostPilotGrowth), tasks);
}

double cut_after_s(const Figure& figure, std::uint64_t tasks, std::chrono::nanoseconds block) {
  const double intended = std::max(seconds(block), figure.block_of(tasks));
  return kPatience_s + kTooLong * (figure.beside_s + intended);
}

}  // namespace mpmt::benchmarks
