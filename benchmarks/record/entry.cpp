#include "benchmarks/record/entry.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>

#include "benchmarks/judge/statistics.hpp"

namespace mpmt::benchmarks {
namespace {

using executors::Status;

constexpr std::uint64_t kLeastForP999 = 1000;
constexpr double kMostLate = 0.01;

Json latency_json(const Histogram& latency) {
  if (latency.count() == 0) return nullptr;
  Json fields = to_json(latency);
  fields["p50"] = latency.quantile(0.5);
  fields["p90"] = latency.quantile(0.9);
  fields["p99"] = latency.quantile(0.99);
  fields["p999"] = latency.count() >= kLeastForP999 ? Json(latency.quantile(0.999)) : Json(nullptr);
  return fields;
}

/// What an entry has of its own trial, and an aggregate over trials has not.
constexpr std::array<std::string_view, 31> kOfOneTrial{"name",
                                                       "run_type",
                                                       "repetition_index",
                                                       "iterations",
                                                       "real_time",
                                                       "cpu_time",
                                                       "error_occurred",
                                                       "error_message",
                                                       "libc_single_threaded",
                                                       "error",
                                                       "disturbed_by",
                                                       "round",
                                                       "attempts",
                                                       "wall_ns",
                                                       "ns_per_task",
                                                       "tasks_per_second",
                                                       "ns_per_operation",
                                                       "messages_per_second",
                                                       "bytes_per_second",
                                                       "generator_late_share",
                                                       "startup_ns",
                                                       "shutdown_ns",
                                                       "checksum",
                                                       "cpu_ns",
                                                       "context_switches",
                                                       "page_faults",
                                                       "latency_ns",
                                                       "cpus_seen",
                                                       "workers_seen",
                                                       "load",
                                                       "surroundings"};

/// The cost's name in the record, and that of what its inverse is.
struct CostNames {
  const char* cost;
  const char* per_second;
};
CostNames cost_names(const Case& measured) {
  if (measured.is_exchange()) return {"ns_per_operation", "messages_per_second"};
  return {"ns_per_task", "tasks_per_second"};
}

/// Messages and bytes a second, and how late an open loop's generator was.
Json exchange_rates(const TrialResult& trial) {
  const auto& exchange = trial.assignment.measured.exchange;
  double messages = 0;
  double wall_ns = 0;
  for (const auto& block : trial.blocks) {
    messages += static_cast<double>(block.messages);
    wall_ns += static_cast<double>(block.wall_ns);
  }
  const double per_second = messages / wall_ns * 1e9;
  const bool open_loop = exchange.pattern == pairs::Pattern::open_loop;
  return {{"messages_per_second", per_second},
          {"bytes_per_second", per_second * static_cast<double>(exchange.message_bytes)},
          {"generator_late_share", open_loop ? Json(generator_late_share(trial)) : Json(nullptr)}};
}

/// What was counted, over all blocks.
Json counted(const TrialResult& trial) {
  std::vector<std::int64_t> wall;
  Usage submitter;
  Usage workers;
  for (const auto& block : trial.blocks) {
    wall.push_back(block.wall_ns);
    submitter += block.submitter;
    workers += block.workers;
  }
  const Case& measured = trial.assignment.measured;
  const double cost = cost_ns(trial);
  Json fields = usage_fields(submitter, workers);
  fields.update({{"wall_ns", wall},
                 {cost_names(measured).cost, cost},
                 {cost_names(measured).per_second, 1e9 / cost},
                 {"checksum", hex(trial.blocks.front().sum)},
                 {"latency_ns", latency_json(trial.latency)}});
  if (measured.is_exchange()) fields.update(exchange_rates(trial));
  return fields;
}

Json not_counted(const Case& measured) {
  Json fields = Json::object();
  for (const auto* name : {"wall_ns", cost_names(measured).cost, cost_names(measured).per_second, "checksum", "cpu_ns",
                           "context_switches", "page_faults", "latency_ns"}) {
    fields[name] = nullptr;
  }
  if (measured.is_exchange()) fields.update({{"bytes_per_second", nullptr}, {"generator_late_share", nullptr}});
  return fields;
}

Json worker_fields(const TrialResult& trial) {
  const bool counts_workers = !trial.assignment.measured.is_exchange();
  if (trial.workers.empty()) {
    Json unknown{{"cpus_seen", nullptr}, {"libc_single_threaded", nullptr}};
    if (counts_workers) unknown["workers_seen"] = nullptr;
    return unknown;
  }
  std::set<int> cpus;
  std::set<pid_t> ids;
  bool single = true;
  for (const auto& worker : trial.workers) {
    cpus.insert(worker.cpus_seen.begin(), worker.cpus_seen.end());
    ids.insert(worker.tid);
    single = single && worker.libc_single_threaded;
  }
  Json fields{{"cpus_seen", cpus}, {"libc_single_threaded", single}};
  if (counts_workers) fields["workers_seen"] = ids.size();
  return fields;
}

Json load_json(const Load& load) {
  if (!load.others) return {{"steal_ns", nullptr}, {"foreign_cpu_ns", nullptr}, {"foreign_share", nullptr}};
  return {{"steal_ns", load.others->steal_ns},
          {"foreign_cpu_ns", load.others->cpu_ns},
          {"foreign_share", load.others->share}};
}

Json case_fields(const PlannedCase& planned, std::uint64_t tasks) {
  const Case& c = planned.measured;
  Json fields = to_json(c);
  fields["group"] = planned.group;
  fields["bench_version"] = bench_version_of(c);
  if (c.is_exchange()) {
    const auto* const channel = ipc::ChannelCatalog::instance().find(c.channel);
    fields["copies_per_message"] = channel == nullptr ? Json(nullptr) : Json(channel->copies_per_message);
    return fields;
  }
  fields["batch"] = c.batch_in(tasks);
  const auto& workload = *workloads::WorkloadCatalog::instance().find(c.workload);
  const auto& executor = *executors::ExecutorCatalog::instance().find(c.executor);
  fields["workload_kind"] = text_of(workload.kind);
  fields["submitter_helps"] = executor.submitter_helps;
  const bool processes = executor.uses_channel && executor.sides == ipc::Sides::processes;
  fields["processes"] = processes ? c.workers : 1;
  fields["threads_per_process"] = processes ? 1 : c.workers;
  return fields;
}

Json google_fields(const benchmark::BenchmarkReporter::Run& run, const Measured& measured, const std::string& name,
                   int rounds, std::string_view time_unit) {
  double real_ns = 0;
  double cpu_ns = 0;
  for (const auto& block : measured.trial.blocks) {
    real_ns += static_cast<double>(block.wall_ns);
    cpu_ns += static_cast<double>(block.submitter.cpu_ns + block.workers.cpu_ns);
  }
  const double scale =
      nanoseconds_per(time_unit) * std::max<double>(1, static_cast<double>(measured.trial.blocks.size()));
  Json fields{{"name", name},
              {"run_name", name},
              {"run_type", "iteration"},
              {"family_index", measured.planned},
              {"per_family_instance_index", 0},
              {"repetitions", rounds},
              {"repetition_index", measured.round},
              {"threads", 1},
              {"iterations", run.iterations},
              {"real_time", real_ns / scale},
              {"cpu_time", cpu_ns / scale},
              {"time_unit", time_unit}};
  if (run.error_occurred) {
    fields["error_occurred"] = true;
    fields["error_message"] = run.error_message;
  }
  return fields;
}

}  // namespace

std::string disturbance_of(const Measured& measured) {
  if (measured.trial.status != Status::ok) return {};
  if (!measured.trial.stopped.empty()) return measured.trial.stopped;
  if (!measured.trial.moved.empty()) return measured.trial.moved;
  if (auto by_load = measured.load.disturbance(); !by_load.empty()) return by_load;
  return generator_late_share(measured.trial) > kMostLate ? "the generator was late" : "";
}

Status status_of(const Measured& measured) {
  if (measured.trial.status != Status::ok) return measured.trial.status;
  return disturbance_of(measured).empty() ? Status::ok : Status::disturbed;
}

double generator_late_share(const TrialResult& trial) {
  double late_ns = 0;
  double wall_ns = 0;
  for (const auto& block : trial.blocks) {
    late_ns += static_cast<double>(block.late_ns);
    wall_ns += static_cast<double>(block.wall_ns);
  }
  return wall_ns > 0 ? late_ns / wall_ns : 0;
}

double cost_ns(const TrialResult& trial) {
  const Case& measured = trial.assignment.measured;
  if (measured.is_exchange() && measured.exchange.pattern == pairs::Pattern::open_loop) {
    return static_cast<double>(trial.latency.quantile(0.5));
  }
  return ns_per_task(trial);
}

double ns_per_task(const TrialResult& trial) {
  if (trial.blocks.empty()) return 0;
  std::vector<double> values;
  for (const auto& block : trial.blocks)
    values.push_back(static_cast<double>(block.wall_ns) / static_cast<double>(block.tasks));
  return median(values);
}

double nanoseconds_per(std::string_view time_unit) {
  if (time_unit == "ns") return 1;
  if (time_unit == "us") return 1e3;
  return time_unit == "ms" ? 1e6 : 1e9;
}

Json make_entry(const benchmark::BenchmarkReporter::Run& run, const Measured& measured, const PlannedCase& planned,
                int rounds, std::string_view time_unit) {
  const TrialResult& trial = measured.trial;
  Json entry = google_fields(run, measured, planned.measured.name(), rounds, time_unit);
  entry.update(case_fields(planned, trial.assignment.tasks));
  entry.update(worker_fields(trial));
  entry.update(trial.status == Status::ok && !trial.blocks.empty() ? counted(trial)
                                                                   : not_counted(trial.assignment.measured));
  entry["round"] = measured.round;
  entry["tasks"] = trial.assignment.tasks;
  entry["status"] = text_of(status_of(measured));
  entry["error"] = trial.error.empty() ? Json(nullptr) : Json(trial.error);
  const auto disturbance = disturbance_of(measured);
  entry["disturbed_by"] = disturbance.empty() ? Json(nullptr) : Json(disturbance);
  entry["attempts"] = measured.attempts;
  entry["startup_ns"] = trial.startup_ns ? Json(*trial.startup_ns) : Json(nullptr);
  entry["shutdown_ns"] = trial.shutdown_ns ? Json(*trial.shutdown_ns) : Json(nullptr);
  entry["surroundings"] = trial.surroundings;
  entry["load"] = load_json(measured.load);
  return entry;
}

Observation observation_of(const Json& entry) {
  Observation observation;
  observation.measured = case_from(entry);
  observation.round = entry.at("round").get<int>();
  observation.status = status_from(entry.at("status").get<std::string>());
  if (observation.status == Status::ok)
    observation.cost_ns = entry.at(cost_names(observation.measured).cost).get<double>();
  return observation;
}

std::vector<Json> make_aggregates(const Json& example, const std::vector<double>& real_times,
                                  const std::vector<double>& cpu_times, const std::vector<double>& costs) {
  if (real_times.empty()) return {};
  const auto found = modes(costs);
  Json base;
  for (const auto& [name, value] : example.items()) {
    if (std::find(kOfOneTrial.begin(), kOfOneTrial.end(), name) == kOfOneTrial.end()) base[name] = value;
  }
  base["run_type"] = "aggregate";
  base["iterations"] = real_times.size();
  base["status"] = text_of(instability(costs).empty() ? Status::ok : Status::unstable);
  base["modes"] = nullptr;
  if (found.two) base["modes"] = {{"low", found.low}, {"high", found.high}, {"low_share", found.low_share}};
  std::vector<Json> aggregates;
  const auto add = [&](const std::string& name, const char* unit, double real, double cpu) {
    Json entry = base;
    entry["name"] = example.at("run_name").get<std::string>() + "_" + name;
    entry["aggregate_name"] = name;
    entry["aggregate_unit"] = unit;
    entry["real_time"] = real;
    entry["cpu_time"] = cpu;
    aggregates.push_back(std::move(entry));
  };
  add("mean", "time", mean(real_times), mean(cpu_times));
  add("median", "time", median(real_times), median(cpu_times));
  add("stddev", "time", standard_deviation(real_times), standard_deviation(cpu_times));
  add("cv", "percentage", variation(real_times), variation(cpu_times));
  return aggregates;
}

}  // namespace mpmt::benchmarks
