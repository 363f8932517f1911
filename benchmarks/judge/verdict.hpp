// Threads or processes, this program or that one: what the rounds of a run allow to say.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "benchmarks/case/case.hpp"
#include "benchmarks/case/pairing.hpp"
#include "benchmarks/judge/judge.hpp"
#include "benchmarks/judge/task_times.hpp"

namespace mpmt::benchmarks {

/// What one contender's round contributes.
struct Observation {
  Case measured;
  int round = 0;
  std::string together;         ///< rounds of that number in which this is equal were measured in turns, lap by lap
  bool disturbed = false;       ///< of no use: it was stopped, or its CPUs were changed
  std::string error;            ///< why it failed; empty when it did not
  double cost_ns = 0;           ///< per task or operation; 0 when it failed or was disturbed
  std::vector<double> laps_ns;  ///< the same of each lap; empty likewise
  bool unsupported = false;     ///< it failed because it cannot be run here

  bool ok() const { return !laps_ns.empty(); }
};

enum class Verdict { a_faster, b_faster, same, undecided, unstable };

/// One row of a verdict table: two cases, as Row has them. Ratios are times of b ÷ a.
struct Comparison {
  bool deployed = false;  ///< the best of each side, whatever their channels; else all but the address space is equal
  Case a;
  Case b;
  int rounds = 0;  ///< in which both sides have a figure
  Finding finding;
  TaskTime task;  ///< at this grain; the threads' where no serial case was measured
  Verdict verdict = Verdict::undecided;
  std::string reason;
  bool unsupported = false;  ///< one of the two cannot be run here; the reason says why

  SideNames names() const { return side_names(a, b); }
  bool of_programs() const { return compares_programs(a, b); }
  bool has_winner() const { return verdict == Verdict::a_faster || verdict == Verdict::b_faster; }
};

/// Judges (judge.hpp) the controlled rows (controlled_rows) and the deployed rows: per workload, grain and payload the
/// fastest thread case against the fastest process case (deployed_rows). Which those are is chosen by their first
/// rounds, and they are compared by later ones, so that the luck of who was chosen does not count: by those in which
/// the two took turns (kDeployedGroup), where there are any; where the two are a controlled row, that row's finding is
/// theirs.
///
/// A round's ratio is that of its laps where both sides took turns, else that of its medians. Where nothing is pinned
/// luck decides which CPU: no winner is named, and the row tells how often processes were faster. `rules.rows` below 1:
/// as many as there are controlled rows.
std::vector<Comparison> compare(const std::vector<Observation>& observations, Rules rules);

/// By how many rounds the deployed contenders are chosen: as many as have been made when a row is first looked at.
int choosing_rounds();

/// The names of groups begin with it in which deployed contenders take turns (Observation::together).
inline constexpr std::string_view kDeployedGroup = "deployed/";

/// What a controlled row of these two says after its rounds, with the finding of those.
Comparison controlled_row(const Case& a, const Case& b, int rounds, const Finding& finding);

bool is_decided(const Comparison& row);
/// "threads", "processes", "same", ...; of programs "a" and "b" instead of the first two.
std::string_view verdict_text(const Comparison& row);
/// "threads 1.35x faster", "same within 3 %", ...
std::string in_words(const Comparison& row, const Rules& rules);

nlohmann::json to_json(const Comparison& row);

/// What a reader wants first, as text for a terminal: rows that differ with their factors, largest first; those that
/// are the same, a line each workload; those that are open, with why; and, not counted among them, those that cannot be
/// measured here.
std::string answer_of(const std::vector<Comparison>& rows, const Rules& rules);

/// All rows of both tables as text for a terminal.
std::string table_of(const std::vector<Comparison>& rows, const Rules& rules);

/// The share of tables that name a winner although both sides are the same executor: `tables` times, draws as many rows
/// as there are controlled ones from the rounds of single cases, pairing neighbouring rounds at random. Needs cases
/// with at least 12 rounds; negative when there is none.
double false_winner_share(const std::vector<Observation>& observations, int tables, std::uint64_t seed, Rules rules);

}  // namespace mpmt::benchmarks
