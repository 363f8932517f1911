// mpmt: threads or processes? See README.md.
#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <iostream>
#include <string_view>
#include <system_error>

#include "base/dispositions.hpp"
#include "base/output.hpp"
#include "base/stack_limit.hpp"
#include "base/standard_streams.hpp"
#include "benchmarks/cli/commands.hpp"
#include "benchmarks/cli/rule_options.hpp"
#include "benchmarks/cli/run_options.hpp"
#include "benchmarks/record/context.hpp"
#include "benchmarks/trial/keeper.hpp"
#include "benchmarks/trial/started_trial.hpp"
#include "benchmarks/trial/trial.hpp"

namespace {

using namespace mpmt::benchmarks;
using mpmt::tell;

constexpr auto kExitCodes =
    "Exit codes: 0 ok; 1 a case failed (wrong checksum, a worker died, timed out, error); 2 usage, set-up or I/O "
    "error;\n"
    "5 nothing matched; 130 interrupted (what was measured is kept).";

int usage_error(const std::string& what) {
  tell(what);
  return kUsage;
}

/// `code`, unless what was printed could not be written. A reader that has left (mpmt list | head) is no error.
int printed(int code) {
  std::cout.flush();
  if (std::cout && std::ferror(stdout) == 0) return code;
  errno = 0;
  std::fputs("\n", stdout);  // once more: the reason of an earlier failure may have been overwritten
  const int reason = std::fflush(stdout) == 0 ? 0 : errno;
  if (reason == EPIPE) return code;
  return usage_error(std::string(kOutputLost) +
                     (reason == 0 ? ": a part is lost" : ": " + std::generic_category().message(reason)));
}

std::string without_command(const CLI::App& app, int argc, char** argv) {
  std::string said = argc > 1 ? std::string("'") + argv[1] + "' is not a command" : "a command is missing";
  std::string separator = "; there are: ";
  for (const auto* const command : app.get_subcommands([](const CLI::App*) { return true; })) {
    said += separator + command->get_name();
    separator = ", ";
  }
  return said;
}

/// What was inherited from whoever started us, made fit.
void settle() {
  mpmt::occupy_standard_streams();
  mpmt::settle_dispositions();
  mpmt::raise_stack_limit();
  ::signal(SIGXFSZ, SIG_IGN);  // a file-size limit then is an error with a name
}

bool names_script(std::string_view command) {
  const auto& scripts = script_commands();
  return std::any_of(scripts.begin(), scripts.end(), [&](const auto& script) { return script.name == command; });
}

/// The commands there are, and what they were given.
class CommandLine {
 public:
  CommandLine(int argc, char** argv) : argc_(argc), argv_(argv) {
    app_.footer(kExitCodes);
    app_.set_version_flag("--version", suite_version());
    app_.require_subcommand(1);
    // A trial is started for every contender of every round, and to describe what it does not need takes a millisecond.
    if (argc < 2 || std::string_view(argv[1]) != "trial") {
      add_run();
      add_list();
      add_machine();
      add_verdict();
      add_judge();
      // For --help; main() has seen to it that none of them gets here.
      for (const auto& script : script_commands()) app_.add_subcommand(script.name, script.what);
    }
    add_trial();
  }

  int answer() {
    try {
      app_.parse(argc_, argv_);
      return printed(code_);
    } catch (const CLI::Success& done) {  // --help, --version
      return printed(app_.exit(done));
    } catch (const CLI::ParseError& wrong) {
      return usage_error(app_.get_subcommands().empty() ? without_command(app_, argc_, argv_) : wrong.what());
    } catch (const UsageError& wrong) {
      return usage_error(wrong.what());
    } catch (const std::exception& failure) {
      return usage_error(failure.what());  // set-up or I/O
    }
  }

 private:
  void add_run() {
    auto* const command = app_.add_subcommand("run", "measure, and write a record")->footer(kExitCodes);
    add_run_options(*command, options_);
    command->callback([this] { code_ = run(options_, {argv_, argv_ + argc_}); });
  }

  void add_list() {
    auto* const command = app_.add_subcommand("list", "what there is: workloads, channels, floors, executors, cases");
    command->add_option("what", what_, "one of them")
        ->check(CLI::IsMember({"workloads", "channels", "floors", "executors", "cases"}));
    add_profile_option(*command, profile_, "whose cases");
    add_family_option(*command, family_);
    command->add_flag("--json", json_, "as JSON");
    command->callback([this] { code_ = list(what_, profile_, family_, json_); });
  }

  void add_machine() {
    auto* const command = app_.add_subcommand("machine", "this machine's key, what it is computed from, and its state");
    command->add_flag("--json", json_, "as JSON");
    command->callback([this] { code_ = show_machine(json_); });
  }

  void add_verdict() {
    auto* const command = app_.add_subcommand("verdict", "the verdict of a stored record");
    command->add_option("record", record_, "the record's file")->required();
    command
        ->add_option("--relabel", relabel_,
                     "also draw N tables from this record in which both sides are the same executor, and tell "
                     "how many name a winner")
        ->check(CLI::Range(1, 1'000'000))
        ->type_name("N");
    command->add_option("--seed", seed_, "of these draws")->capture_default_str();
    command->add_flag("--all", all_, "every row, in tables");
    command->callback([this] { code_ = show_verdict(record_, all_, relabel_, seed_); });
  }

  void add_judge() {
    auto* const command = app_.add_subcommand(
        "judge", "decide rows of laps, as JSON lines over standard input and output (docs/judging.md)");
    add_rule_options(*command, rules_.margin, rules_.confidence);
    command->add_option("--rows", rules_.rows, "of the table that the correction is for")
        ->check(CLI::Range(1, 1'000'000))
        ->capture_default_str();
    command->callback([this] { code_ = judge_lines(rules_); });
  }

  void add_trial() {
    auto* const command =
        app_.add_subcommand("trial", "one trial, over standard input and output (docs/trial-protocol.md)");
    command->add_option("--parent", parent_, "the process to die with");
    command
        ->add_flag("--fork", forks_,
                   "become as many trials as descriptors for them come over standard input, a socket (of use to "
                   "mpmt run alone)")
        ->needs("--parent");
    command->add_flag("--keep", keeps_, "see to it that nothing is left of a trial: of this program, or of COMMAND")
        ->needs("--parent");
    command->add_option("COMMAND", words_, "a program that speaks the protocol; behind --")->needs("--keep");
    command->callback([this] {
      if (keeps_) {
        const auto kept = keep_trial(parent_, words_);
        if (!kept) ::_exit(run_trial(::getppid()));
        code_ = *kept;
      } else if (!forks_) {
        code_ = run_trial(parent_);
      } else if (fork_own_trials(parent_)) {
        // What else is in memory is a copy of what the forking process has: to take it apart is time that a round
        // waits.
        ::_exit(run_trial(parent_));
      }
    });
  }

  const int argc_;
  char** const argv_;
  CLI::App app_{"Threads or processes? mpmt answers with measurements.", "mpmt"};
  int code_ = kOk;

  RunOptions options_;
  std::string what_;
  std::string profile_ = "quick";
  std::string family_ = "pool";
  bool json_ = false;
  std::string record_;
  int relabel_ = 0;
  std::uint64_t seed_ = 1;
  bool all_ = false;
  Rules rules_;
  int parent_ = 0;
  bool forks_ = false;
  bool keeps_ = false;
  std::vector<std::string> words_;
};

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc > 1 && names_script(argv[1])) return become_script(argv);
    settle();
  } catch (const std::exception& failure) {
    return usage_error(failure.what());
  }
  return CommandLine(argc, argv).answer();
}
