#include "benchmarks/measurement.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "base/text.hpp"

namespace mpmt::benchmarks {
namespace {

using executors::Status;

/// A pilot doubles its block until it takes this long: enough to tell how long a task is, short beside a trial.
constexpr std::chrono::milliseconds kPilotBlock{8};
constexpr std::uint64_t kMostTasks = std::uint64_t{1} << 32;

double seconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double>(time).count();
}

}  // namespace

std::uint64_t round_1_2_5(double value) {
  double best = 1;
  for (int exponent = 0; exponent <= 18; ++exponent) {
    for (const double digit : {1.0, 2.0, 5.0}) {
      const double candidate = digit * std::pow(10, exponent);
      if (std::abs(std::log(candidate / value)) < std::abs(std::log(best / value))) best = candidate;
    }
  }
  return static_cast<std::uint64_t>(best);
}

std::uint64_t round_up(double wanted, std::uint64_t step) {
  const double steps = std::clamp(std::ceil(wanted / static_cast<double>(step)), 1.0, static_cast<double>(kMostTasks));
  return static_cast<std::uint64_t>(steps) * step;
}

Measurement::Measurement(const RunOptions& options, std::string data_dir, const UsableCpus& cpus, Interrupt& interrupt)
    : options_(options), data_dir_(std::move(data_dir)), load_(cpus), interrupt_(interrupt) {}

Assignment Measurement::assignment(const Case& measured, std::uint64_t tasks) const {
  // An eighth of a block, and at least two messages for every worker.
  const auto least = 2 * static_cast<std::uint64_t>(measured.workers) * measured.batch_in(tasks);
  const auto warmup = std::min(tasks, std::max(tasks / 8, least));
  return {measured, tasks, warmup, options_.timeout_s, data_dir_, dealt_cpus_};
}

TrialResult Measurement::run_trial(const Case& measured, std::uint64_t tasks, int blocks) {
  TrialProcess trial(assignment(measured, tasks), interrupt_);
  trial.wait_until_ready();
  for (int block = 0; block < blocks && !trial.failed(); ++block) trial.run_block();
  trial.end();
  return trial.result();
}

/// Nanoseconds a task, roughly; 0 when the case fails (the trials will say why).
double Measurement::pilot(const Case& measured) {
  for (std::uint64_t tasks =
           2 * static_cast<std::uint64_t>(measured.workers) * std::max<std::uint64_t>(1, measured.batch);
       tasks < kMostTasks; tasks *= 8) {
    const auto result = run_trial(measured, tasks, 1);
    if (result.status != Status::ok || result.interrupted) return 0;
    const auto wall = std::chrono::nanoseconds(result.blocks.front().wall_ns);
    if (wall >= kPilotBlock) return ns_per_task(result);
  }
  return 1;
}

std::uint64_t Measurement::calibrate_grain(const workloads::Description& workload, std::size_t payload_bytes,
                                           std::chrono::nanoseconds wanted) {
  Case measured;
  measured.workload = workload.name;
  measured.executor = "serial";
  measured.payload_bytes = std::max(payload_bytes, workload.minimum_payload);
  double previous = 0;
  for (measured.grain = 1; measured.grain < kMostTasks; measured.grain *= 4) {
    const double per_task = pilot(measured);
    if (interrupted()) return 0;
    if (per_task == 0) {
      throw UsageError(
          text("--grain: '", workload.name, "' could not be calibrated: a trial failed at grain ", measured.grain));
    }
    if (per_task >= static_cast<double>(wanted.count())) {
      if (previous == 0) return 1;
      // Interpolates between the last two grains, on a line.
      const double lower = static_cast<double>(measured.grain) / 4;
      const double share = (static_cast<double>(wanted.count()) - previous) / (per_task - previous);
      return round_1_2_5(lower + share * 3 * lower);
    }
    previous = per_task;
  }
  throw UsageError(text("--grain: '", workload.name, "' does not reach ", seconds(wanted), " s at any grain"));
}

std::uint64_t Measurement::tasks_for(const Plan& plan, const std::vector<const Case*>& members) {
  const Case& first = *members.front();
  if (first.is_exchange() && first.exchange.pattern == pairs::Pattern::open_loop) {
    return round_up(std::chrono::duration<double>(plan.block).count() * first.exchange.rate, 1);
  }
  const auto fewer = [](const Case* a, const Case* b) { return a->workers < b->workers; };
  const int fewest = (*std::min_element(members.begin(), members.end(), fewer))->workers;
  double slowest = 0;
  for (const Case* member : members) {
    if (member->workers == fewest) slowest = std::max(slowest, pilot(*member));
  }
  const double wanted = slowest > 0 ? static_cast<double>(plan.block.count()) / slowest : 1;
  return round_up(wanted, divides_of(members));
}

void Measurement::find_tasks(const Plan& plan) {
  attempts_left_ = plan.turns.size() / 10 + 1;
  for (const auto& [block, members] : plan.blocks()) {
    tasks_[block] = options_.tasks || interrupted() ? options_.tasks.value_or(1) : tasks_for(plan, members);
  }
  check_messages(plan);
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
    measured.trial = run_trial(planned.measured, tasks_of(planned), plan.iterations);
    measured.load = load_.since(before);
    const bool again = status_of(measured) == Status::disturbed && measured.attempts == 1 && attempts_left_ > 0;
    if (!again) return measured;
    --attempts_left_;
  }
}

}  // namespace mpmt::benchmarks
