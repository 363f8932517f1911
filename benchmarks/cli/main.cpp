// mpmt: threads or processes? See README.md.
#include <signal.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <iostream>
#include <system_error>

#include "base/dispositions.hpp"
#include "base/stack_limit.hpp"
#include "base/standard_streams.hpp"
#include "benchmarks/cli/commands.hpp"
#include "benchmarks/cli/run_options.hpp"
#include "benchmarks/record/context.hpp"
#include "base/output.hpp"
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

int answer(int argc, char** argv) {
  CLI::App app{"Threads or processes? mpmt answers with measurements.", "mpmt"};
  app.footer(kExitCodes);
  app.set_version_flag("--version", suite_version());
  app.require_subcommand(1);
  int code = kOk;

  RunOptions options;
  auto* const run_command = app.add_subcommand("run", "measure, and write a record")->footer(kExitCodes);
  add_run_options(*run_command, options);
  run_command->callback([&] { code = run(options, {argv, argv + argc}); });

  std::string what;
  std::string profile = "quick";
  bool json = false;
  auto* const list_command = app.add_subcommand("list", "what there is: workloads, channels, floors, executors, cases");
  list_command->add_option("what", what, "one of them")
      ->check(CLI::IsMember({"workloads", "channels", "floors", "executors", "cases"}));
  list_command->add_option("--profile", profile, "whose cases")->check(CLI::IsMember({"quick", "standard", "full"}));
  std::string family = "pool";
  list_command->add_option("--family", family, "whose cases")->check(CLI::IsMember({"pool", "channel"}));
  list_command->add_flag("--json", json, "as JSON");
  list_command->callback([&] { code = list(what, profile, family_from(family), json); });

  auto* const machine_command =
      app.add_subcommand("machine", "this machine's key, what it is computed from, and its state");
  machine_command->add_flag("--json", json, "as JSON");
  machine_command->callback([&] { code = show_machine(json); });

  std::string record;
  int relabel = 0;
  std::uint64_t seed = 1;
  auto* const verdict_command = app.add_subcommand("verdict", "the verdict tables of a stored record");
  verdict_command->add_option("record", record, "the record's file")->required();
  verdict_command
      ->add_option("--relabel", relabel,
                   "also draw N tables from this record in which both sides are the same executor, and tell "
                   "how many name a winner")
      ->check(CLI::Range(1, 1'000'000))
      ->type_name("N");
  verdict_command->add_option("--seed", seed, "of these draws")->capture_default_str();
  verdict_command->callback([&] { code = show_verdict(record, relabel, seed); });

  int parent = 0;
  auto* const trial_command =
      app.add_subcommand("trial", "one trial, over standard input and output (docs/trial-protocol.md)");
  trial_command->add_option("--parent", parent, "the process to die with");
  trial_command->callback([&] { code = run_trial(parent); });

  try {
    app.parse(argc, argv);
    return printed(code);
  } catch (const CLI::Success& done) {  // --help, --version
    return printed(app.exit(done));
  } catch (const CLI::ParseError& wrong) {
    return usage_error(app.get_subcommands().empty() ? without_command(app, argc, argv) : wrong.what());
  } catch (const UsageError& wrong) {
    return usage_error(wrong.what());
  } catch (const std::exception& failure) {
    return usage_error(failure.what());  // set-up or I/O
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    settle();
  } catch (const std::exception& failure) {
    return usage_error(failure.what());
  }
  return answer(argc, argv);
}
