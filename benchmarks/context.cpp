#include "benchmarks/context.hpp"

#include <benchmark/benchmark.h>
#include <unistd.h>

#include <array>
#include <ctime>
#include <iomanip>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/text.hpp"

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

Json curve_json(const std::vector<CapacityPoint>& curve) {
  Json list = Json::array();
  for (const auto& point : curve) list.push_back({{"workers", point.workers}, {"capacity", point.capacity}});
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
                  const Machine& machine, const BuildIdentity& identity,
                  const std::vector<CapacityPoint>& capacity_before, const CoreMatrix& core_to_core) {
  Json context = google_context(command_line.front());
  context.update(Json{{"schema_version", kSchemaVersion},
                      {"suite", "mpmt"},
                      {"suite_version", suite_version()},
                      {"command_line", command_line},
                      {"profile", options.profile},
                      {"family", text_of(options.family)},
                      {"seed", plan.seed},
                      {"rounds", plan.rounds},
                      {"iterations", plan.iterations},
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
                      {"trials", {{"planned", plan.turns.size()}, {"done", 0}}},
                      {"warnings", Json::array()}});
  return context;
}

Json context_at_end(std::size_t trials_done, bool interrupted, const std::vector<CapacityPoint>& capacity_after,
                    const std::vector<std::string>& warnings) {
  return {{"finished_utc", utc_now()},
          {"interrupted", interrupted},
          {"capacity", {{"after", curve_json(capacity_after)}}},
          {"trials", {{"done", trials_done}}},
          {"warnings", warnings}};
}

std::vector<std::string> machine_warnings(const Machine& machine, const std::vector<CapacityPoint>& capacity) {
  std::vector<std::string> warnings;
  const auto hypervisor = fact(machine.identity, "hypervisor");
  if (!hypervisor.empty() && hypervisor != "none") {
    warnings.push_back(text("a virtual machine (", hypervisor, "): neighbours may take CPU time unseen"));
  }
  const auto governor = fact(machine.epoch, "governor");
  if (!governor.empty() && governor != "performance") {
    warnings.push_back(text("CPU frequency governor '", governor, "': the clock may change while measuring"));
  }
  if (!capacity.empty()) {
    const auto& all = capacity.back();
    if (all.capacity < 0.95 * all.workers) {
      warnings.push_back(text("capacity: ", all.workers, " CPUs together gave ", std::setprecision(3), all.capacity,
                              "x one; no speed-up can be above that"));
    }
  }
  return warnings;
}

}  // namespace mpmt::benchmarks
