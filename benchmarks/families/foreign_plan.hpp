// Programs of somebody else's: what their cases have in common.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "benchmarks/case/family.hpp"

namespace mpmt::benchmarks {

/// "command/workers:2": `what`, and the parameters by their names' order.
std::string name_of_foreign(const std::string& what, const Case& c);

/// A command's, or a server's: one case for each combination of the values that --parameter-list gives. Throws
/// UsageError where a list is of no use.
PlannedCases plan_combinations(const Wish& wish);

nlohmann::json parameters_json(const Case& c);
void read_parameters(const nlohmann::json& fields, Case& c);

/// Pinned nowhere, and compared by program.
CaseFacts foreign_facts();

/// Memory of a process tree, in bytes, by these names; null where it was not looked at.
std::vector<Metric> memory_metrics(const Measure& peak, const Measure& pss);

}  // namespace mpmt::benchmarks
