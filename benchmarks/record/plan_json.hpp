// A plan for scripts that run trials themselves: `mpmt run --dry-run --benchmark_format json`.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "benchmarks/plan/plan.hpp"

namespace mpmt::benchmarks {

/// Raised when a reader of the older form would misread the newer.
inline constexpr int kPlanVersion = 1;

/// The cases, each with the object that a trial is sent as `case`; docs/trial-protocol.md has all fields.
nlohmann::json to_json(const Plan& plan, const std::string& machine_key);

}  // namespace mpmt::benchmarks
