#include "benchmarks/record/plan_json.hpp"

#include <nlohmann/json.hpp>

#include "benchmarks/record/context.hpp"

namespace mpmt::benchmarks {

using Json = nlohmann::json;

namespace {

Json workload_kind_of(const Case& measured) {
  if (measured.is_exchange()) return nullptr;
  return text_of(workloads::WorkloadCatalog::instance().find(measured.workload)->kind);
}

/// At a given rate a block always takes equally long: what it costs is its latency.
bool costs_wall_time(const Case& measured) {
  return !measured.is_exchange() || measured.exchange.pattern != pairs::Pattern::open_loop;
}

}  // namespace

Json to_json(const Plan& plan, const std::string& machine_key) {
  const auto groups = plan.comparable();
  Json cases = Json::array();
  for (const auto& [measured, group, block] : plan.cases) {
    const auto divides = divides_of(groups.at(group));
    cases.push_back({{"name", measured.name()},
                     {"group", group},
                     {"workload_kind", workload_kind_of(measured)},
                     {"bench_version", bench_version_of(measured)},
                     {"divides", divides},
                     {"runnable", channel_carries(measured, divides) && costs_wall_time(measured)},
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
