// What holds for a whole run: the record's `context`.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/machine.hpp"
#include "benchmarks/host/capacity.hpp"
#include "benchmarks/host/core_matrix.hpp"
#include "benchmarks/host/identity.hpp"
#include "benchmarks/host/load.hpp"
#include "benchmarks/judge/judge.hpp"
#include "benchmarks/plan/plan.hpp"

namespace mpmt::benchmarks {

inline constexpr int kSchemaVersion = 3;

/// Google Benchmark's keys and our own, as known when a run begins; what is known at its end is null until then.
nlohmann::json make_context(const std::vector<std::string>& command_line, const RunOptions& options, const Plan& plan,
                            const Machine& machine, const BuildIdentity& identity, const Capacity& capacity_before,
                            const CoreMatrix& core_to_core, const Rules& rules);

/// By what a record of this context is judged; of one before version 3, as today's runs are.
Rules rules_of(const nlohmann::json& context);

/// What is known when it ends, to be merged into the context. `rounds_done`: of all groups; `busy`: those of them in
/// which others used the CPUs.
nlohmann::json context_at_end(std::size_t entries, std::size_t rounds_done, std::size_t busy, bool interrupted,
                              const Capacity& capacity_after, const std::vector<std::string>& warnings);

/// {"key", "identity", "epoch", "state"}: `mpmt machine --json`, and a part of every record.
nlohmann::json to_json(const Machine& machine);

/// Warnings about the machine that a reader of the figures should see.
std::vector<std::string> machine_warnings(const Machine& machine);

/// What the CPUs give together is less than it should be, or unknown, as is the way from core to core: each once,
/// however often it failed. `after` is of the run's end, empty before that.
std::vector<std::string> capacity_warnings(const Capacity& before, const Capacity& after, const CoreMatrix& matrix);

/// What is not known of the others on this machine, and whether the run's CPUs were changed.
std::vector<std::string> load_warnings(const LoadMeter& load);

/// "2026-05-01T12:30:00Z", and the form for file names "20260501T123000Z".
std::string utc_now();
std::string utc_for_file_name();

std::string suite_version();

}  // namespace mpmt::benchmarks
