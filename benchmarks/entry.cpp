#include "benchmarks/entry.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "benchmarks/statistics.hpp"

namespace mpmt::benchmarks {
namespace {

using executors::Status;

constexpr std::uint64_t kLeastForP999 = 1000;

Json latency_json(const Histogram& latency) {
  if (latency.count() == 0) return nullptr;
  Json fields = to_json(latency);
  fields["p50"] = latency.quantile(0.5);
  fields["p90"] = latency.quantile(0.9);
  fields["p99"] = latency.quantile(0.99);
  fields["p999"] = latency.count() >= kLeastForP999 ? Json(latency.quantile(0.999)) : Json(nullptr);
  return fields;
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
  const double per_task = ns_per_task(trial);
  Json fields = usage_fields(submitter, workers);
  fields.update({{"wall_ns", wall},
                 {"ns_per_task", per_task},
                 {"tasks_per_second", 1e9 / per_task},
                 {"checksum", hex(trial.blocks.front().sum)},
                 {"latency_ns", latency_json(trial.latency)}});
  return fields;
}

Json not_counted() {
  Json fields = Json::object();
  for (const auto* name : {"wall_ns", "ns_per_task", "tasks_per_second", "checksum", "cpu_ns", "context_switches",
                           "page_faults", "latency_ns"}) {
    fields[name] = nullptr;
  }
  return fields;
}

Json worker_fields(const TrialResult& trial) {
  if (trial.workers.empty())
    return {{"cpus_seen", nullptr}, {"workers_seen", nullptr}, {"libc_single_threaded", nullptr}};
  std::set<int> cpus;
  std::set<pid_t> ids;
  bool single = true;
  for (const auto& worker : trial.workers) {
    cpus.insert(worker.cpus_seen.begin(), worker.cpus_seen.end());
    ids.insert(worker.tid);
    single = single && worker.libc_single_threaded;
  }
  return {{"cpus_seen", cpus}, {"workers_seen", ids.size()}, {"libc_single_threaded", single}};
}

Json case_fields(const PlannedCase& planned, std::uint64_t tasks) {
  const Case& c = planned.measured;
  Json fields = to_json(c);
  fields["batch"] = c.batch_in(tasks);
  fields["group"] = planned.group;
  const auto& workload = *workloads::WorkloadCatalog::instance().find(c.workload);
  const auto& executor = *executors::ExecutorCatalog::instance().find(c.executor);
  fields["bench_version"] = workload.version;
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

Status status_of(const Measured& measured) {
  if (measured.trial.status == Status::ok && measured.load.disturbing()) return Status::disturbed;
  return measured.trial.status;
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
  entry.update(trial.status == Status::ok && !trial.blocks.empty() ? counted(trial) : not_counted());
  entry["round"] = measured.round;
  entry["tasks"] = trial.assignment.tasks;
  entry["status"] = text_of(status_of(measured));
  entry["error"] = trial.error.empty() ? Json(nullptr) : Json(trial.error);
  entry["attempts"] = measured.attempts;
  entry["startup_ns"] = trial.startup_ns ? Json(*trial.startup_ns) : Json(nullptr);
  entry["shutdown_ns"] = trial.shutdown_ns ? Json(*trial.shutdown_ns) : Json(nullptr);
  entry["surroundings"] = trial.surroundings;
  entry["load"] = {{"steal_ns", measured.load.steal_ns},
                   {"foreign_cpu_ns", measured.load.foreign_cpu_ns},
                   {"foreign_share", measured.load.foreign_share}};
  return entry;
}

Observation observation_of(const Json& entry) {
  Observation observation;
  observation.measured = case_from(entry);
  observation.round = entry.at("round").get<int>();
  observation.status = status_from(entry.at("status").get<std::string>());
  if (observation.status == Status::ok) observation.ns_per_task = entry.at("ns_per_task").get<double>();
  return observation;
}

std::vector<Json> make_aggregates(const Json& example, const std::vector<double>& real_times,
                                  const std::vector<double>& cpu_times, Status status) {
  if (real_times.empty()) return {};
  Json base;
  for (const auto* name : {"family_index",
                           "per_family_instance_index",
                           "run_name",
                           "repetitions",
                           "threads",
                           "time_unit",
                           "family",
                           "workload",
                           "workload_kind",
                           "bench_version",
                           "executor",
                           "channel",
                           "workers",
                           "processes",
                           "threads_per_process",
                           "grain",
                           "batch",
                           "batch_split",
                           "payload_bytes",
                           "window",
                           "placement",
                           "wait",
                           "submitter_helps",
                           "group",
                           "tasks"}) {
    base[name] = example.at(name);
  }
  base["run_type"] = "aggregate";
  base["iterations"] = real_times.size();
  base["status"] = text_of(status);
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
