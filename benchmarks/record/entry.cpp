#include "benchmarks/record/entry.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "base/text.hpp"
#include "benchmarks/case/family.hpp"
#include "benchmarks/case/names.hpp"
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

Totals totals_of(const std::vector<executors::Block>& laps) {
  Totals totals;
  for (const auto& block : laps) {
    totals.messages += static_cast<double>(block.messages);
    totals.wall_ns += static_cast<double>(block.wall_ns);
    totals.late_ns += static_cast<double>(block.late_ns);
    totals.submitter += block.submitter;
    totals.workers += block.workers;
  }
  return totals;
}

/// To five digits, which is more than a lap can be believed, in as few characters as that takes.
Json rounded(double value) {
  const double unit = std::pow(10, std::floor(std::log10(value)) - 4);
  const double result = std::round(value / unit) * unit;
  return unit >= 1 ? Json(static_cast<std::uint64_t>(result)) : Json(result);
}

/// What was counted, over all laps; null without one.
Json counted(const Measured& measured) {
  const Case& c = measured.trial.assignment.measured;
  const auto& family = family_of(c);
  const auto costs = measured.ok() ? costs_ns(measured) : std::vector<double>();
  auto totals = totals_of(measured.laps);
  totals.cost_ns = costs.empty() ? 0 : median(costs);
  totals.memory = measured.trial.memory;
  Json laps = Json::array();
  for (const double lap : costs) laps.push_back(rounded(lap));
  Json fields = usage_fields(totals.submitter, totals.workers);
  fields["wall_ns"] = totals.wall_ns;
  fields["laps_ns"] = std::move(laps);
  fields["checksum"] = measured.ok() ? Json(hex(measured.laps.front().sum)) : Json();
  fields["latency_ns"] = latency_json(measured.trial.latency);
  fields[family.cost] = totals.cost_ns;
  for (const auto& metric : family.metrics) fields[metric.said.name] = measured.ok() ? metric.of(c, totals) : Json();
  if (!measured.ok()) {
    for (auto& field : fields) field = nullptr;
  }
  return fields;
}

Json worker_fields(const TrialResult& trial) {
  const bool counts_workers = family_of(trial.assignment.measured).has_workers;
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

/// With what the trial had to say besides.
std::map<std::string, std::string> surroundings_of(const TrialResult& trial) {
  auto surroundings = trial.surroundings;
  std::string notes;
  for (const auto& note : trial.notes) notes += (notes.empty() ? "" : "; ") + note;
  if (!notes.empty()) surroundings["notes"] = notes;
  return surroundings;
}

Json load_json(const Load& load) {
  if (!load.others) return {{"steal_ns", nullptr}, {"foreign_cpu_ns", nullptr}, {"foreign_share", nullptr}};
  return {{"steal_ns", load.others->steal_ns},
          {"foreign_cpu_ns", std::max<std::int64_t>(0, load.others->cpu_ns)},
          {"foreign_share", std::round(1e5 * load.others->share()) / 1e5}};
}

Json case_fields(const PlannedCase& planned, std::uint64_t tasks) {
  const auto& family = family_of(planned.measured);
  Json fields = to_json(planned.measured);
  fields.update(family.facts_of(planned.measured, tasks));
  fields["group"] = planned.group;
  fields["bench_version"] = planned.measured.facts.version;
  return fields;
}

/// Google Benchmark's keys that say which case it is.
Json google_case_fields(const Measured& measured, const std::string& name, std::string_view time_unit) {
  return {{"run_name", name},
          {"family_index", measured.planned},
          {"per_family_instance_index", 0},
          {"repetitions", 0},  // known at the end only, and each entry is written when it is measured
          {"threads", 1},
          {"time_unit", time_unit}};
}

/// Its keys that say what was measured. Times are those of a lap's block, on average.
Json google_round_fields(const Measured& measured, const std::string& name, std::string_view time_unit) {
  const Totals totals = totals_of(measured.laps);
  const double scale = nanoseconds_per(time_unit) * std::max<double>(1, static_cast<double>(measured.laps.size()));
  Json fields{{"name", name},
              {"run_type", "iteration"},
              {"repetition_index", measured.round},
              {"iterations", measured.laps.size()},
              {"real_time", totals.wall_ns / scale},
              {"cpu_time", static_cast<double>(totals.submitter.cpu_ns + totals.workers.cpu_ns) / scale}};
  if (!measured.ok()) {
    fields["error_occurred"] = true;
    fields["error_message"] = measured.trial.error;
  }
  return fields;
}

}  // namespace

std::string disturbance_of(const Measured& measured) {
  if (!measured.ok()) return {};
  if (!measured.trial.stopped.empty()) return measured.trial.stopped;
  if (!measured.trial.moved.empty()) return measured.trial.moved;
  if (!measured.load.change.empty()) return measured.load.change;
  return totals_of(measured.laps).late_share() > kMostLate ? "the generator was late" : "";
}

std::vector<double> costs_ns(const Measured& measured) {
  if (measured.trial.assignment.measured.is_paced()) {
    return {static_cast<double>(measured.trial.latency.quantile(0.5))};
  }
  std::vector<double> costs;
  for (const auto& block : measured.laps) {
    costs.push_back(static_cast<double>(block.wall_ns) / static_cast<double>(block.tasks));
  }
  return costs;
}

double cost_ns(const Measured& measured) {
  const auto costs = costs_ns(measured);
  return costs.empty() ? 0 : median(costs);
}

double nanoseconds_per(std::string_view time_unit) {
  if (time_unit == "ns") return 1;
  if (time_unit == "us") return 1e3;
  return time_unit == "ms" ? 1e6 : 1e9;
}

Entry make_entry(const Measured& measured, const PlannedCase& planned, const std::string& together,
                 std::string_view time_unit) {
  const TrialResult& trial = measured.trial;
  const auto name = planned.measured.name();
  const auto tasks = measured.laps.empty() ? trial.assignment.tasks : measured.laps.front().tasks;
  const auto or_null = [](const auto& value) { return value ? Json(*value) : Json(nullptr); };
  const auto words_or_null = [](const std::string& words) { return words.empty() ? Json(nullptr) : Json(words); };
  Entry entry{google_case_fields(measured, name, time_unit), google_round_fields(measured, name, time_unit)};
  entry.of_case.update(case_fields(planned, tasks));
  auto& fields = entry.of_round;
  fields.update(worker_fields(trial));
  fields.update(counted(measured));
  fields.update({{"round", measured.round},
                 {"stage", measured.stage},
                 {"together", together},
                 {"tasks", tasks},
                 {"settle_tasks", measured.settle_tasks},
                 {"dropped_laps", measured.dropped_laps},
                 {"status", text_of(trial.status)},
                 {"error", words_or_null(trial.error)},
                 {"disturbed_by", words_or_null(disturbance_of(measured))},
                 {"attempts", measured.attempts},
                 {"startup_ns", or_null(trial.startup_ns)},
                 {"shutdown_ns", or_null(trial.shutdown_ns)},
                 {"surroundings", surroundings_of(trial)},
                 {"load", load_json(measured.load)}});
  return entry;
}

Json said_once(const Entry& entry) {
  Json once = entry.of_case;
  for (const auto* key : {"run_name", "repetitions", "threads", "time_unit"}) once.erase(key);
  for (const auto* key :
       {"tasks", "settle_tasks", "checksum", "surroundings", "cpus_seen", "libc_single_threaded", "workers_seen"}) {
    if (const auto said = entry.of_round.find(key); said != entry.of_round.end()) once[key] = *said;
  }
  return once;
}

Json said_apart(Json entry, const Json& once) {
  for (const auto& [key, value] : once.items()) {
    if (const auto own = entry.find(key); own != entry.end() && *own == value) entry.erase(own);
  }
  return entry;
}

Json said_with(const Json& once, const Json& entry) {
  Json whole = once;
  whole.update(entry);
  return whole;
}

Observation observation_of(const Json& entry) {
  Observation observation;
  observation.measured = case_from(entry);
  observation.round = entry.at("round").get<int>();
  observation.together = entry.value("together", "");
  const auto status = entry.at("status").get<std::string>();
  if (status != "disturbed") status_from(status);  // refuses what is none
  const bool disturbed = !entry.value("disturbed_by", Json()).is_null();
  if (status != "ok" || disturbed) {
    observation.disturbed = status == "ok" || status == "disturbed";  // the latter in records of versions 1 and 2
    const auto error = entry.value("error", Json());
    if (!observation.disturbed && error.is_string()) observation.error = text(status, ": ", error.get<std::string>());
    observation.unsupported = status == text_of(Status::unsupported);
    return observation;
  }
  observation.cost_ns = entry.at(family_of(observation.measured).cost).get<double>();
  const auto laps = entry.find("laps_ns");
  observation.laps_ns = laps == entry.end() ? std::vector{observation.cost_ns} : laps->get<std::vector<double>>();
  return observation;
}

std::vector<Json> make_aggregates(const Json& of_case, const std::vector<double>& real_times,
                                  const std::vector<double>& cpu_times, const std::vector<double>& costs) {
  if (real_times.empty()) return {};
  const auto found = modes(costs);
  const auto unstable = instability(costs);
  Json base = of_case;
  base["run_type"] = "aggregate";
  base["iterations"] = real_times.size();
  base["status"] = text_of(Status::ok);
  base["unstable"] = unstable.empty() ? Json(nullptr) : Json(unstable);
  base["modes"] = nullptr;
  if (found.two) base["modes"] = {{"low", found.low}, {"high", found.high}, {"low_share", found.low_share}};
  std::vector<Json> aggregates;
  const auto add = [&](const std::string& name, const char* unit, double real, double cpu) {
    Json entry = base;
    entry["name"] = of_case.at("run_name").get<std::string>() + "_" + name;
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
