#include "benchmarks/record/context.hpp"

#include <benchmark/benchmark.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <iomanip>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/text.hpp"
#include "benchmarks/record/declared.hpp"

namespace mpmt::benchmarks {

using Json = nlohmann::json;

namespace {

std::string utc(const char* format) {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  std::ostringstream out;
  out << std::put_time(&parts, format);
  return out.str();
}

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

Json facts_json(const Facts& facts) {
  Json object = Json::object();
  for (const auto& [name, value] : facts) object[name] = value;
  return object;
}

/// Null: unknown. Empty: not measured, because of an interruption.
Json curve_json(const Capacity& curve) {
  if (curve.points.empty() && !curve.why_unknown.empty()) return nullptr;
  Json list = Json::array();
  for (const auto& point : curve.points) list.push_back({{"workers", point.workers}, {"capacity", point.capacity}});
  return list;
}

/// The keys that Google Benchmark's own reporter writes, for its tools.
Json google_context(const std::string& executable) {
  const auto& cpus = benchmark::CPUInfo::Get();
  Json caches = Json::array();
  for (const auto& cache : cpus.caches) {
    caches.push_back(
        {{"type", cache.type}, {"level", cache.level}, {"size", cache.size}, {"num_sharing", cache.num_sharing}});
  }
  return {{"date", utc("%Y-%m-%dT%H:%M:%S+00:00")},
          {"host_name", host_name()},
          {"executable", executable},
          {"num_cpus", cpus.num_cpus},
          {"mhz_per_cpu", static_cast<int>(cpus.cycles_per_second / 1e6)},
          {"cpu_scaling_enabled", cpus.scaling == benchmark::CPUInfo::ENABLED},
          {"caches", caches},
          {"load_avg", cpus.load_avg},
#ifdef NDEBUG
          {"library_build_type", "release"}
#else
          {"library_build_type", "debug"}
#endif
  };
}

/// In words, or as a shell understands it.
std::vector<std::string> command_of(const Program& program) {
  if (!program.foreign.words.empty()) return program.foreign.words;
  if (!program.foreign.serve.empty()) return {program.foreign.serve};
  if (!program.foreign.command.empty()) return {program.foreign.command};
  return program.trial;
}

/// Those of others, or that have names.
Json programs_json(const std::vector<Program>& programs) {
  Json list = Json::array();
  for (const auto& program : programs) {
    if (program.name.empty()) continue;
    list.push_back({{"name", program.name}, {"command", command_of(program)}, {"versions", program.versions}});
  }
  return list;
}

std::string fact(const Facts& facts, std::string_view name) {
  for (const auto& [known, value] : facts) {
    if (known == name) return value;
  }
  return {};
}

}  // namespace

std::string utc_now() {
  return utc("%Y-%m-%dT%H:%M:%SZ");
}
std::string utc_for_file_name() {
  return utc("%Y%m%dT%H%M%SZ");
}
std::string suite_version() {
  return MPMT_VERSION;
}

Json to_json(const Machine& machine) {
  return {{"key", machine.key},
          {"identity", facts_json(machine.identity)},
          {"epoch", facts_json(machine.epoch)},
          {"state", facts_json(machine.state)}};
}

Json make_context(const std::vector<std::string>& command_line, const RunOptions& options, const Plan& plan,
                  const Machine& machine, const BuildIdentity& identity, const Capacity& capacity_before,
                  const CoreMatrix& core_to_core, const Rules& rules) {
  Json context = google_context(command_line.front());
  context.update(Json{{"schema_version", kSchemaVersion},
                      {"suite", "mpmt"},
                      {"suite_version", suite_version()},
                      {"command_line", command_line},
                      {"profile", options.profile},
                      {"family", options.family},
                      {"seed", plan.seed},
                      {"rounds", plan.rounds ? Json(*plan.rounds) : Json(nullptr)},
                      {"laps", plan.laps ? Json(*plan.laps) : Json(nullptr)},
                      {"block_ns", plan.block_time.count()},
                      {"budget_s", plan.budget_s},
                      {"rules", {{"margin", rules.margin}, {"confidence", rules.confidence}, {"rows", rules.rows}}},
                      {"started_utc", utc_now()},
                      {"finished_utc", nullptr},
                      {"interrupted", false},
                      {"recovered", false},
                      {"commit", identity.commit()},
                      {"build", identity.build()},
                      {"libraries", library_versions()},
                      {"machine", to_json(machine)},
                      {"capacity", {{"before", curve_json(capacity_before)}, {"after", nullptr}}},
                      {"core_to_core", to_json(core_to_core)},
                      {"trials", {{"done", 0}}},
                      {"group_rounds", {{"done", 0}, {"busy", 0}}},
                      {"declared", declared_by(plan)},
                      {"warnings", Json::array()}});
  if (const auto programs = programs_json(plan.programs); !programs.empty()) context["programs"] = programs;
  return context;
}

Rules rules_of(const Json& context) {
  Rules rules;
  rules.rows = 0;
  const auto found = context.find("rules");
  if (found == context.end()) return rules;
  return {found->at("margin").get<double>(), found->at("confidence").get<double>(), found->at("rows").get<int>()};
}

Json context_at_end(std::size_t entries, std::size_t rounds_done, std::size_t busy, bool interrupted,
                    const Capacity& capacity_after, const std::vector<std::string>& warnings) {
  Json end{{"finished_utc", utc_now()},
           {"interrupted", interrupted},
           {"trials", {{"done", entries}}},
           {"group_rounds", {{"done", rounds_done}, {"busy", busy}}},
           {"warnings", warnings}};
  // Merging takes a null for "remove"; what is unknown stays the null that it was at the beginning.
  if (auto curve = curve_json(capacity_after); !curve.is_null()) end["capacity"] = {{"after", std::move(curve)}};
  return end;
}

std::vector<std::string> machine_warnings(const Machine& machine) {
  std::vector<std::string> warnings;
  const auto hypervisor = fact(machine.identity, "hypervisor");
  if (!hypervisor.empty() && hypervisor != "none") {
    warnings.push_back(text("a virtual machine (", hypervisor, "): neighbours may take CPU time unseen"));
  }
  const auto governor = fact(machine.epoch, "governor");
  if (!governor.empty() && governor != "performance") {
    warnings.push_back(text("CPU frequency governor '", governor, "': the clock may change while measuring"));
  }
  return warnings;
}

std::vector<std::string> capacity_warnings(const Capacity& before, const Capacity& after, const CoreMatrix& matrix) {
  std::vector<std::string> warnings;
  const auto& why = before.why_unknown.empty() ? after.why_unknown : before.why_unknown;
  if (!why.empty()) {
    warnings.push_back(text("the CPUs' capacity", matrix.why_unknown.empty() ? "" : " and the way from core to core",
                            " could not be measured: ", why));
  } else if (!matrix.why_unknown.empty()) {
    warnings.push_back("the way from core to core could not be measured: " + matrix.why_unknown);
  }
  const auto lower = [](const CapacityPoint& a, const CapacityPoint& b) {
    return a.capacity / a.workers < b.capacity / b.workers;
  };
  std::vector<CapacityPoint> ends;
  for (const auto* curve : {&before, &after}) {
    if (!curve->points.empty()) ends.push_back(curve->points.back());
  }
  const auto least = std::min_element(ends.begin(), ends.end(), lower);
  if (least != ends.end() && least->capacity < 0.95 * least->workers) {
    warnings.push_back(text("capacity: ", least->workers, " CPUs together gave ", std::setprecision(3), least->capacity,
                            "x one; no speed-up of work that computes can be above that"));
  }
  return warnings;
}

std::vector<std::string> load_warnings(const LoadMeter& load) {
  std::vector<std::string> warnings;
  if (!load.why_unknown().empty()) {
    warnings.push_back(text("what others do on these CPUs is not known: ", load.why_unknown(),
                            "; a trial that they disturb is not found out"));
  }
  if (!load.change().empty()) warnings.push_back(text(load.change(), " while it measured"));
  return warnings;
}

}  // namespace mpmt::benchmarks
