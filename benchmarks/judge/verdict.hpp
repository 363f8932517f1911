// Threads or processes: what the trials of a run allow to say.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "benchmarks/case/case.hpp"
#include "benchmarks/judge/task_times.hpp"

namespace mpmt::benchmarks {

/// What one trial contributes.
struct Observation {
  Case measured;
  int round = 0;
  executors::Status status = executors::Status::ok;
  double cost_ns = 0;  ///< per task or operation; meaningful when ok
};

enum class Verdict { threads, processes, same, undecided, unstable };

/// One row of a verdict table: a process case against a thread case.
struct Comparison {
  bool deployed = false;  ///< the best of each side, whatever their channels; else all but the address space is equal
  Case processes;
  Case threads;
  int rounds = 0;    ///< in which both sides have an ok trial
  double ratio = 0;  ///< time per task or operation, processes ÷ threads; 0 when rounds < 2, and so are the next
  double low = 0;    ///< 95 % interval
  double high = 0;
  double p_value = 1;
  double p_holm = 1;
  double detectable = 0;  ///< the smallest ratio − 1 that would have been seen
  TaskTime task;          ///< at this grain; the threads' where no serial case was measured
  Verdict verdict = Verdict::undecided;
  std::string reason;
};

/// The controlled rows (same workload and parameters, same channel) and the deployed rows (per workload, grain and
/// payload the fastest thread case against the fastest process case).
///
/// Per row: paired log ratio over the rounds. `threads` or `processes` when the interval excludes 1, the p-value after
/// Holm's correction over the row's table is below 0.05, and the effect is at least 3 %; `same` when the interval lies
/// within ± 3 %; `unstable` when either side's trials are (statistics.hpp); `undecided` otherwise, below 5 rounds, and
/// for `free` placement, where luck decides which CPU.
std::vector<Comparison> compare(const std::vector<Observation>& observations);

std::string_view text_of(Verdict verdict);
/// "threads 1.35x faster", "same within 3 %", ...
std::string in_words(const Comparison& row);

nlohmann::json to_json(const Comparison& row);

/// Both tables as text for a terminal; `note` for each kind that has no row.
std::string table_of(const std::vector<Comparison>& rows);

/// The share of tables that name a winner although both sides are the same executor: `tables` times, draws as many rows
/// as there are controlled ones from the ok trials of single cases, pairing neighbouring rounds at random. Needs cases
/// with at least 10 ok trials; negative when there is none.
double false_winner_share(const std::vector<Observation>& observations, int tables, std::uint64_t seed);

}  // namespace mpmt::benchmarks
