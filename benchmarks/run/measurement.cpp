#include "benchmarks/run/measurement.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/duration_text.hpp"
#include "base/text.hpp"
#include "benchmarks/case/family.hpp"
#include "benchmarks/run/clock_times.hpp"

namespace mpmt::benchmarks {
namespace {

using executors::Status;

/// A pilot grows its block until it takes this long: enough to tell how long a task is.
constexpr std::chrono::milliseconds kPilotBlock{3};
/// So often in the end.
constexpr int kPilotRepeats = 3;
/// How often the tasks of a block may be found anew while a run lasts.
constexpr int kResizes = 2;
/// How often a round is made again in which something had been stopped and continued.
constexpr int kStandstills = 3;
/// So many trials for pilots are started at once in the end: from one on twice as many each time.
constexpr std::size_t kMostSpares = 8;
/// For an answer of a trial, where the user does not say; the latter for programs of others, of which anything may
/// come.
constexpr double kTimeout_s = 30;
constexpr double kForeignTimeout_s = 300;
/// A pilot's block grows until it takes this much longer by the clock, however little of that it times.
constexpr std::chrono::nanoseconds kMostOfPilotBlock = 10 * kPilotBlock;
/// One block of this length tells enough.
constexpr std::chrono::milliseconds kLongPilot{100};

double ns_per_task(const executors::Block& block) {
  return static_cast<double>(block.wall_ns) / static_cast<double>(block.tasks);
}

bool has_failed(const TrialResult& trial) {
  return trial.status != Status::ok || trial.interrupted;
}

/// The trial keeps time for itself: stopped beside the run, it is late by its own clock.
bool stood_still(const Ran& ran) {
  const bool innocent = ran.trial.status == Status::ok || ran.trial.status == Status::timed_out;
  return innocent && !ran.trial.stopped.empty();
}

}  // namespace

Measurement::Measurement(const RunOptions& options, std::string data_dir, const UsableCpus& cpus, Interrupt& interrupt)
    : options_(options), data_dir_(std::move(data_dir)), load_(cpus), interrupt_(interrupt), dealt_cpus_(cpus.cpus) {}

Assignment Measurement::assignment(const Case& measured, std::uint64_t tasks) const {
  // An eighth of a block, and at least two messages for every worker.
  const auto least = 2 * static_cast<std::uint64_t>(measured.workers) * measured.batch_in(tasks);
  const auto warmup = family_of(measured).fresh_blocks ? 0 : std::min(tasks, std::max(tasks / 8, least));
  return {measured, tasks, warmup, timeout_s(measured), data_dir_, dealt_cpus_};
}

double Measurement::timeout_s(const Case& measured) const {
  return options_.timeout_s.value_or(family_of(measured).starts_programs ? kForeignTimeout_s : kTimeout_s);
}

Launch Measurement::launch_of(const Case& measured) const {
  const auto is_its = [&](const Program& program) { return program.name == measured.program; };
  const auto program = std::find_if(programs_.begin(), programs_.end(), is_its);
  Launch launch;
  if (program != programs_.end()) launch.command = program->trial;
  launch.kept = !launch.command.empty() || family_of(measured).starts_programs;
  return launch;
}

/// This program's own are of one draw of addresses with others of their kind: of use where what is found out need not
/// be exact.
StartedTrial Measurement::another_trial(const Case& measured) {
  if (const auto launch = launch_of(measured); launch.kept) return start_kept_trial(launch.command);
  if (spare_.empty()) {
    spare_ = start_own_trials(spares_);
    spares_ = std::min(2 * spares_, kMostSpares);
  }
  StartedTrial trial = std::move(spare_.back());
  spare_.pop_back();
  return trial;
}

std::optional<double> Measurement::time_task(const Case& measured, std::uint64_t tasks) {
  TrialProcess trial(another_trial(measured), assignment(measured, tasks), interrupt_);
  trial.wait_until_ready();
  const auto block = trial.run_block({tasks});
  trial.end();
  if (!block || has_failed(trial.result())) return std::nullopt;
  return ns_per_task(*block);
}

Measurement::Pilot Measurement::pilot(const Case& measured) {
  const auto message = std::max<std::uint64_t>(1, measured.batch) * static_cast<std::uint64_t>(measured.workers);
  const std::uint64_t most = options_.tasks.value_or(kMostTasks);
  auto tasks = std::min(most, 2 * message);
  auto found = pilot_once(measured, tasks, most);
  // What split makes of a batch is fixed when a trial starts.
  while (measured.batch == 0 && !has_failed(found.trial) && found.figure.tasks < most) {
    const std::chrono::nanoseconds wall(static_cast<std::int64_t>(found.figure.ns_per_task * double(tasks)));
    if (wall >= kPilotBlock) break;
    tasks = std::min(most, next_pilot(tasks, wall, kPilotBlock));
    found = pilot_once(measured, tasks, most);
  }
  return found;
}

/// One trial, whose blocks grow until they tell how long a task takes; but for split, of one block.
Measurement::Pilot Measurement::pilot_once(const Case& measured, std::uint64_t tasks, std::uint64_t most) {
  const auto start = Clock::now();
  Pilot found;
  double blocks_s = 0;
  for (int standstills = 0; standstills <= kStandstills; ++standstills) {
    TrialProcess trial(another_trial(measured), assignment(measured, tasks), interrupt_);
    trial.wait_until_ready();
    ClockTimes clock;
    for (int repeats = 0; repeats < kPilotRepeats;) {
      const auto block = trial.run_block({tasks});
      if (!block) break;
      const std::chrono::nanoseconds wall(block->wall_ns);
      clock.add(*block);
      sums_.fault_in(measured, *block);
      blocks_s += std::chrono::duration<double>(std::max(wall, Nanoseconds(block->elapsed_ns))).count();
      const double found_ns = std::max(1e-3, ns_per_task(*block));
      // Others make a block longer, never shorter: of equal ones the shortest tells.
      const bool shortest = found.figure.tasks != tasks || found_ns < found.figure.ns_per_task;
      if (shortest) found.figure.ns_per_task = found_ns;
      found.figure.tasks = tasks;
      const bool grows =
          measured.batch != 0 && wall < kPilotBlock && tasks < most && clock.of_tasks() < kMostOfPilotBlock;
      if (grows) {
        tasks = std::min(most, next_pilot(tasks, wall, kPilotBlock));
      } else {
        ++repeats;
      }
      if (std::max(wall, Nanoseconds(block->elapsed_ns)) >= kLongPilot && !grows) break;
    }
    clock.tell(found.figure);
    trial.end();
    found.trial = trial.result();
    if (!stood_still({found.trial, {}}) || found.trial.interrupted) break;
  }
  if (has_failed(found.trial)) found.figure.ns_per_task = 0;
  if (!has_failed(found.trial)) memories_[measured.name()] = found.trial.memory;
  found.figure.beside_s = std::max(0.0, seconds_since(start) - blocks_s);
  return found;
}

CalibratedGrain Measurement::calibrate_grain(Case serial, const TimeWish& wish) {
  const auto at = [&](std::uint64_t grain) -> const Case& {
    serial.grain = grain;
    return serial;
  };
  const auto rough = [&](std::uint64_t grain, double) -> std::optional<double> {
    const double found = pilot(at(grain)).figure.ns_per_task;
    return found > 0 ? std::optional(found) : std::nullopt;
  };
  const auto careful = [&](std::uint64_t grain, double expected_ns) {
    return time_task(at(grain), tasks_to_calibrate(expected_ns));
  };
  const auto found = calibrate(wish, rough, careful);
  spare_.clear();
  if (found.grain != 0 || interrupted()) return found;
  const auto wanted = duration_text(static_cast<double>(wish.time.count()));
  if (found.failed_at == 0)
    throw UsageError(text("--grain: '", serial.workload, "' does not reach ", wanted, " at any grain"));
  throw UsageError(
      text("--grain: '", serial.workload, "' could not be calibrated: a trial failed at grain ", found.failed_at));
}

void Measurement::find_tasks(const Plan& plan) {
  const auto start = Clock::now();
  const auto size_groups = plan.size_groups();
  for (const auto& program : plan.programs) {
    for (const auto& [size_group, members] : size_groups) {
      // Sums of the first program are the measure for the others: its pilots come first.
      if (members.front()->program == program.name) pilot_all(plan, size_group, members);
    }
  }
  spare_.clear();
  pilots_s_ = seconds_since(start);
  check_messages(plan);
}

void Measurement::pilot_all(const Plan& plan, const std::string& size_group, const std::vector<const Case*>& members) {
  for (const Case* member : to_be_piloted(members)) {
    if (interrupted()) continue;
    const auto known = figure_without_pilot(*member, plan.program_of(*member).offer);
    figures_[member->name()] = known ? *known : pilot(*member).figure;
  }
  tasks_[size_group] = options_.tasks.value_or(tasks_for(figures_, members, block_of(plan, figures_, members)));
}

Expectation Measurement::expectation(const Plan& plan) const {
  return expected_seconds(plan, figures_, tasks_);
}

void Measurement::check_messages(const Plan& plan) const {
  for (const auto& planned : plan.cases) {
    const Case& measured = planned.measured;
    if (channel_carries(measured, tasks_of(planned))) continue;
    throw UsageError(text("--batch: split puts ", measured.batch_in(tasks_of(planned)), " tasks of ",
                          measured.payload_bytes, " bytes into a message; ", measured.channel, " carries ",
                          measured.facts.max_payload_bytes, " bytes; give --tasks or a number"));
  }
}

std::uint64_t Measurement::tasks_of(const PlannedCase& planned) const {
  return tasks_.at(planned.size_group);
}

Performed Measurement::perform(const Plan& plan, const Deal& deal) {
  for (int attempt = 1;; ++attempt) {
    std::vector<Entrant> entrants;
    double lap_s = 0;
    for (const auto member : deal.members) {
      const auto& planned = plan.cases[member];
      auto wanted = assignment(planned.measured, tasks_of(planned));
      wanted.deadline_s = cut_after(plan, planned);
      const auto figure = figure_of(figures_, plan.size_groups().at(planned.size_group), planned.measured);
      lap_s += figure.block_of(wanted.tasks);
      // Once is enough: its pilot has looked at its memory.
      wanted.measured.foreign.watch = memories_.count(planned.measured.name()) == 0;
      entrants.push_back(
          {wanted, {wanted.tasks, settle_tasks(planned.measured, wanted.tasks, figure)}, launch_of(planned.measured)});
    }
    const bool is_fresh = family_of(entrants.front().assignment.measured).fresh_blocks;
    const bool warm_up = deal.warm_up && !is_fresh && lap_s < kLongLap_s;
    auto round = run_round(entrants, deal.laps, warm_up, random_, load_, interrupt_);
    if (round.interrupted()) return {{}, {}, false, true};
    for (std::size_t i = 0; i < entrants.size(); ++i) {
      auto& [trial, laps] = round.entrants[i];
      if (laps.empty() || trial.status != Status::ok) continue;
      trial.error = sums_.fault_in(entrants[i].assignment.measured, laps.front());
      if (!trial.error.empty()) trial.status = Status::wrong_checksum;
    }

    bool again = false;
    for (std::size_t i = 0; i < entrants.size(); ++i) {
      auto& trial = round.entrants[i].trial;
      const bool cut = trial.status == Status::timed_out &&
                       entrants[i].assignment.deadline_s < timeout_s(entrants[i].assignment.measured);
      if (cut && trial.stopped.empty()) again |= size_again(plan, plan.cases[deal.members[i]], trial);
      again |= stood_still(round.entrants[i]) && attempt <= kStandstills;
      const auto seen = memories_.find(entrants[i].assignment.measured.name());
      if (!trial.memory && seen != memories_.end()) trial.memory = seen->second;
    }
    if (again && !interrupted()) continue;

    Performed performed{
        {}, {round.beside_s, round.laps_s, deal.laps + round.dropped + (warm_up ? 1 : 0)}, false, interrupted()};
    performed.busy = round.dropped > 0 || !round.load.disturbance().empty();
    for (std::size_t i = 0; i < entrants.size(); ++i) {
      performed.measured.push_back({deal.members[i], deal.round, deal.stage, attempt,
                                    std::move(round.entrants[i].trial), std::move(round.entrants[i].laps),
                                    entrants[i].order.settle, round.dropped, round.load});
    }
    return performed;
  }
}

/// When an answer of this case's trial is no longer waited for, in seconds; --timeout where the user chose the tasks, a
/// rate sets the time, or the tasks have been found anew as often as may be.
double Measurement::cut_after(const Plan& plan, const PlannedCase& planned) const {
  const Case& measured = planned.measured;
  const bool given = options_.tasks || measured.is_paced();
  const auto done = resizes_.find(planned.size_group);
  if (given || (done != resizes_.end() && done->second >= kResizes)) return timeout_s(measured);
  const auto figure = figure_of(figures_, plan.size_groups().at(planned.size_group), measured);
  return std::min(timeout_s(measured), cut_after_s(figure, tasks_of(planned), plan.block_time));
}

/// After a trial that was cut: pilots its case, and finds the tasks of its block anew. False when the pilot fails too:
/// then what failed is that pilot, which had all the time that --timeout gives.
bool Measurement::size_again(const Plan& plan, const PlannedCase& planned, TrialResult& trial) {
  const auto before = tasks_of(planned);
  auto piloted = pilot(planned.measured);
  spare_.clear();
  if (piloted.figure.ns_per_task == 0) {
    trial = std::move(piloted.trial);
    return false;
  }
  ++resizes_[planned.size_group];
  figures_[planned.measured.name()] = piloted.figure;
  auto& tasks = tasks_[planned.size_group];
  const auto size_groups = plan.size_groups();
  const auto& members = size_groups.at(planned.size_group);
  tasks = std::min(before, tasks_for(figures_, members, block_of(plan, figures_, members)));
  resized_.push_back(text(planned.measured.name(), ": a block took more than ten times the time intended and was cut; ",
                          before == tasks ? "tasks per block stay " : text("tasks per block from ", before, " to "),
                          tasks));
  return true;
}

std::vector<std::string> Measurement::resized() {
  return std::exchange(resized_, {});
}

}  // namespace mpmt::benchmarks
