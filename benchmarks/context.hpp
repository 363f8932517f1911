// What holds for a whole run: the record's `context`.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/machine.hpp"
#include "benchmarks/capacity.hpp"
#include "benchmarks/core_matrix.hpp"
#include "benchmarks/identity.hpp"
#include "benchmarks/plan.hpp"

namespace mpmt::benchmarks {

inline constexpr int kSchemaVersion = 2;

/// Google Benchmark's keys and our own, as known when a run begins; what is known at its end is null until then.
nlohmann::json make_context(const std::vector<std::string>& command_line, const RunOptions& options, const Plan& plan,
                            const Machine& machine, const BuildIdentity& identity,
                            const std::vector<CapacityPoint>& capacity_before, const CoreMatrix& core_to_core);

/// What is known when it ends, to be merged into the context.
nlohmann::json context_at_end(std::size_t trials_done, bool interrupted,
                              const std::vector<CapacityPoint>& capacity_after,
                              const std::vector<std::string>& warnings);

/// {"key", "identity", "epoch", "state"}: `mpmt machine --json`, and a part of every record.
nlohmann::json to_json(const Machine& machine);

/// Warnings about the machine that a reader of the figures should see.
std::vector<std::string> machine_warnings(const Machine& machine, const std::vector<CapacityPoint>& capacity);

/// "2026-05-01T12:30:00Z", and the form for file names "20260501T123000Z".
std::string utc_now();
std::string utc_for_file_name();

std::string suite_version();

}  // namespace mpmt::benchmarks
