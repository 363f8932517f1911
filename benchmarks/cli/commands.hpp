// What the program can be told to do. Each returns the program's exit code.
#pragma once

#include <string>
#include <vector>

#include "benchmarks/judge/judge.hpp"
#include "benchmarks/plan/options.hpp"

namespace mpmt::benchmarks {

enum ExitCode { kOk = 0, kCaseFailed = 1, kUsage = 2, kNothingMatched = 5, kUnavailable = 69, kInterrupted = 130 };

/// How a message about standard output begins; the reason follows, after a colon.
inline constexpr auto kOutputLost = "standard output cannot be written";

/// `what`: workloads, channels, floors, executors, cases (those of `profile` and `family`), or empty for all but the
/// cases.
int list(const std::string& what, const std::string& profile, const std::string& family, bool json);

int show_machine(bool json);

/// Judges the rows that come as JSON lines over standard input, and answers each with one (docs/judging.md).
int judge_lines(const Rules& rules);

/// A command that is a Python script of the package (scripts/).
struct ScriptCommand {
  std::string name;
  std::string what;
};

const std::vector<ScriptCommand>& script_commands();

/// Becomes the script of the command argv[1], with all arguments behind that, and this program's path in MPMT_BINARY:
/// what the script measures with. To be called while the process still is as it was started, so that the script starts
/// as if it had been called itself. Returns where no Python can be started; throws UsageError where there is no script.
int become_script(char** argv);

int run(const RunOptions& options, const std::vector<std::string>& command_line);

/// Prints the verdict of a stored record, `all`: in tables of all rows; with `relabelled` > 0 also how often that many
/// tables of this record's own trials, with both sides the same executor, name a winner.
int show_verdict(const std::string& record, bool all, int relabelled, std::uint64_t seed);

}  // namespace mpmt::benchmarks
