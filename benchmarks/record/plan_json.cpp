#include "benchmarks/record/plan_json.hpp"

#include <nlohmann/json.hpp>

#include "benchmarks/case/family.hpp"
#include "benchmarks/record/context.hpp"

namespace mpmt::benchmarks {

using Json = nlohmann::json;

Json to_json(const Plan& plan, const std::string& machine_key) {
  const auto groups = plan.comparable();
  Json cases = Json::array();
  for (const auto& [measured, group, size_group] : plan.cases) {
    const auto& family = family_of(measured);
    const auto divides = divides_of(groups.at(group));
    cases.push_back({{"name", measured.name()},
                     {"group", group},
                     {"workload_kind", family.facts_of(measured, divides).value("workload_kind", Json())},
                     {"bench_version", measured.facts.version},
                     {"divides", divides},
                     {"runnable", channel_carries(measured, divides) && !measured.is_paced()},
                     {"case", to_json(measured)}});
  }
  return {{"suite", "mpmt"},
          {"plan_version", kPlanVersion},
          {"suite_version", suite_version()},
          {"machine_key", machine_key},
          {"rounds", plan.rounds ? Json(*plan.rounds) : Json(nullptr)},
          {"laps", plan.laps ? Json(*plan.laps) : Json(nullptr)},
          {"budget_s", plan.budget_s},
          {"seed", plan.seed},
          {"cases", cases}};
}

}  // namespace mpmt::benchmarks
