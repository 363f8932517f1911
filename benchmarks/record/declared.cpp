#include "benchmarks/record/declared.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "benchmarks/case/family.hpp"

namespace mpmt::benchmarks {
namespace {

using Json = nlohmann::json;

Json said_of(const Family& family) {
  return {{"summary", family.summary}, {"operation", family.operation}, {"cost", family.cost}, {"views", family.views}};
}

void add(Json& metrics, const Measure& measure) {
  metrics[measure.name] = {{"view", measure.view}, {"unit", measure.unit}, {"title", measure.title}};
}

/// Null: its program does not offer it.
Json workload_of(const Case& measured, const std::vector<Program>& programs) {
  const auto program =
      std::find_if(programs.begin(), programs.end(), [&](const Program& one) { return one.name == measured.program; });
  const auto* const workload = program == programs.end() ? nullptr : program->offer.workload(measured.workload);
  if (workload == nullptr) return nullptr;
  return {{"question", workload->question},
          {"typical", workload->typical},
          {"summary", workload->summary},
          {"grain_unit", workload->grain_unit}};
}

}  // namespace

Json declared_by(const Plan& plan) {
  Json families = Json::object();
  Json metrics = Json::object();
  Json workloads = Json::object();
  for (const auto& measure : common_measures()) add(metrics, measure);
  for (const auto& [measured, group, size_group] : plan.cases) {
    if (const auto& family = family_of(measured); !families.contains(family.name)) {
      families[family.name] = said_of(family);
      for (const auto& metric : family.metrics) add(metrics, metric.said);
    }
    if (measured.workload.empty() || workloads.contains(measured.workload)) continue;
    if (auto said = workload_of(measured, plan.programs); !said.is_null())
      workloads[measured.workload] = std::move(said);
  }
  return {{"families", families}, {"metrics", metrics}, {"workloads", workloads}};
}

}  // namespace mpmt::benchmarks
