// What a record says of its own parts, so that who reads it needs no list of them.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "benchmarks/plan/plan.hpp"

namespace mpmt::benchmarks {

/// Of the families and workloads of the plan's cases, and of what is measured in those families:
/// {"families": {name: {...}}, "metrics": {name: {...}}, "workloads": {name: {...}}}. A workload that several programs
/// have is as the first of them says.
nlohmann::json declared_by(const Plan& plan);

}  // namespace mpmt::benchmarks
