#include "benchmarks/plan_json.hpp"

#include <nlohmann/json.hpp>

#include "benchmarks/context.hpp"

namespace mpmt::benchmarks {

using Json = nlohmann::json;

Json to_json(const Plan& plan, const std::string& machine_key) {
  const auto groups = plan.groups();
  Json cases = Json::array();
  for (const auto& [measured, group] : plan.cases) {
    const auto& workload = *workloads::WorkloadCatalog::instance().find(measured.workload);
    const auto divides = divides_of(groups.at(group));
    cases.push_back({{"name", measured.name()},
                     {"group", group},
                     {"workload_kind", text_of(workload.kind)},
                     {"bench_version", workload.version},
                     {"divides", divides},
                     {"runnable", channel_carries(measured, divides)},
                     {"case", to_json(measured)}});
  }
  return {{"suite", "mpmt"},
          {"plan_version", kPlanVersion},
          {"suite_version", suite_version()},
          {"machine_key", machine_key},
          {"rounds", plan.rounds},
          {"iterations", plan.iterations},
          {"seed", plan.seed},
          {"cases", cases}};
}

}  // namespace mpmt::benchmarks
