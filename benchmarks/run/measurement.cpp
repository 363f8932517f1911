#include "benchmarks/run/measurement.hpp"

#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "base/duration_text.hpp"

namespace mpmt::benchmarks {
namespace {

using executors::Status;

/// A pilot grows its block until it takes this long: enough to tell how long a task is, short beside a trial.
constexpr std::chrono::milliseconds kPilotBlock{8};
/// How often the tasks of a block may be found anew while a run lasts.
constexpr int kResizes = 2;
/// How often a trial is made again that was late because it, or the run, had been stopped and continued.
constexpr int kStandstills = 3;

}  // namespace

Measurement::Measurement(const RunOptions& options, std::string data_dir, const UsableCpus& cpus, Interrupt& interrupt)
    : options_(options), data_dir_(std::move(data_dir)), load_(cpus), interrupt_(interrupt) {}

Assignment Measurement::assignment(const Case& measured, std::uint64_t tasks) const {
  // An eighth of a block, and at least two messages for every worker.
  const auto least = 2 * static_cast<std::uint64_t>(measured.workers) * measured.batch_in(tasks);
  const auto warmup = std::min(tasks, std::max(tasks / 8, least));
  return {measured, tasks, warmup, options_.timeout_s, data_dir_, dealt_cpus_};
}

TrialResult Measurement::run_trial(const Case& measured, std::uint64_t tasks, int blocks,
                                   std::optional<double> limit_s) {
  auto wanted = assignment(measured, tasks);
  wanted.deadline_s = limit_s.value_or(options_.timeout_s);
  for (int standstills = 0;; ++standstills) {
    TrialProcess trial(wanted, interrupt_);
    trial.wait_until_ready();
    for (int block = 0; block < blocks && !trial.failed(); ++block) trial.run_block();
    trial.end();
    const auto& result = trial.result();
    // The trial keeps time for itself: stopped beside the run, it is late by its own clock.
    const bool innocent = result.status == Status::timed_out && !result.stopped.empty();
    if (!innocent || result.interrupted || standstills == kStandstills) return result;
  }
}

Pilot Measurement::pilot(const Case& measured) {
  const auto block = std::max<std::uint64_t>(1, measured.batch) * static_cast<std::uint64_t>(measured.workers);
  const std::uint64_t most = options_.tasks.value_or(kMostTasks);
  for (std::uint64_t tasks = std::min(most, 2 * block);;) {
    const auto start = Clock::now();
    Pilot found{{}, run_trial(measured, tasks, 1)};
    const auto& trial = found.trial;
    const bool failed = trial.status != Status::ok || trial.interrupted;
    const auto wall = std::chrono::nanoseconds(failed ? 0 : trial.blocks.front().wall_ns);
    found.figure.beside_s = std::max(0.0, seconds_since(start) - std::chrono::duration<double>(wall).count());
    if (!failed) found.figure.ns_per_task = std::max(1e-3, ns_per_task(trial));
    if (failed || wall >= kPilotBlock || tasks >= most) return found;
    tasks = std::min(most, next_pilot(tasks, wall, kPilotBlock));
  }
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
  const auto careful = [&](std::uint64_t grain, double expected_ns) -> std::optional<double> {
    const auto trial = run_trial(at(grain), tasks_to_calibrate(expected_ns), 1);
    if (trial.status != Status::ok || trial.interrupted) return std::nullopt;
    return ns_per_task(trial);
  };
  const auto found = calibrate(wish, rough, careful);
  if (found.grain != 0 || interrupted()) return found;
  const auto wanted = duration_text(static_cast<double>(wish.time.count()));
  if (found.failed_at == 0)
    throw UsageError(text("--grain: '", serial.workload, "' does not reach ", wanted, " at any grain"));
  throw UsageError(
      text("--grain: '", serial.workload, "' could not be calibrated: a trial failed at grain ", found.failed_at));
}

void Measurement::find_tasks(const Plan& plan) {
  attempts_left_ = plan.turns.size() / 10 + 1;
  for (const auto& [block, members] : plan.blocks()) {
    for (const Case* member : to_be_piloted(members)) {
      if (!interrupted()) figures_[member->name()] = pilot(*member).figure;
    }
    tasks_[block] = options_.tasks.value_or(tasks_for(figures_, members, plan.block));
  }
  check_messages(plan);
}

double Measurement::expected_seconds(const Plan& plan) const {
  return benchmarks::expected_seconds(plan, figures_, tasks_);
}

void Measurement::check_messages(const Plan& plan) const {
  for (const auto& planned : plan.cases) {
    const Case& measured = planned.measured;
    if (channel_carries(measured, tasks_of(planned))) continue;
    const auto& channel = *ipc::ChannelCatalog::instance().find(measured.channel);
    throw UsageError(text("--batch: split puts ", measured.batch_in(tasks_of(planned)), " tasks of ",
                          measured.payload_bytes, " bytes into a message; ", channel.name, " carries ",
                          channel.max_payload_bytes, " bytes; give --tasks or a number"));
  }
}

std::uint64_t Measurement::tasks_of(const PlannedCase& planned) const {
  return tasks_.at(planned.block);
}

Measured Measurement::perform(const Plan& plan, const Turn& turn) {
  const auto& planned = plan.cases[turn.planned];
  Measured measured;
  measured.planned = turn.planned;
  measured.round = turn.round;
  for (measured.attempts = 1;; ++measured.attempts) {
    const auto before = load_.sample();
    const double limit = cut_after(plan, planned);
    measured.trial = run_trial(planned.measured, tasks_of(planned), plan.iterations, limit);
    measured.load = load_.since(before);
    const bool cut = measured.trial.status == Status::timed_out && limit < options_.timeout_s;
    if (cut && !measured.trial.interrupted && size_again(plan, planned, measured)) continue;
    const bool again = status_of(measured) == Status::disturbed && measured.attempts == 1 && attempts_left_ > 0;
    if (cut || !again) return measured;
    --attempts_left_;
  }
}

/// When a trial of this case is ended early, in seconds; --timeout where the user chose the tasks, a rate sets the
/// time, or the tasks have been found anew as often as may be.
double Measurement::cut_after(const Plan& plan, const PlannedCase& planned) const {
  const Case& measured = planned.measured;
  const bool given = options_.tasks || (measured.is_exchange() && measured.exchange.rate > 0);
  const auto done = resizes_.find(planned.block);
  if (given || (done != resizes_.end() && done->second >= kResizes)) return options_.timeout_s;
  const auto figure = figure_of(figures_, plan.blocks().at(planned.block), measured);
  return std::min(options_.timeout_s, cut_after_s(figure, tasks_of(planned), plan.block, plan.iterations));
}

/// After a trial that was cut: pilots its case, and finds the tasks of its block anew. False when the pilot fails too:
/// then what failed is that pilot, which had all the time that --timeout gives.
bool Measurement::size_again(const Plan& plan, const PlannedCase& planned, Measured& measured) {
  const auto before = tasks_of(planned);
  auto [figure, trial] = pilot(planned.measured);
  if (figure.ns_per_task == 0) {
    measured.trial = std::move(trial);
    return false;
  }
  ++resizes_[planned.block];
  figures_[planned.measured.name()] = figure;
  auto& tasks = tasks_[planned.block];
  tasks = std::min(before, tasks_for(figures_, plan.blocks().at(planned.block), plan.block));
  resized_.push_back(text(planned.measured.name(), ": a trial took more than ten times the time intended and was cut; ",
                          before == tasks ? "tasks per block stay " : text("tasks per block from ", before, " to "),
                          tasks));
  return true;
}

std::vector<std::string> Measurement::resized() {
  return std::exchange(resized_, {});
}

}  // namespace mpmt::benchmarks
