#include "benchmarks/cli/run_options.hpp"

#include <CLI/CLI.hpp>

#include "base/shown.hpp"
#include "base/text.hpp"
#include "benchmarks/case/family.hpp"
#include "benchmarks/case/spelling.hpp"
#include "benchmarks/cli/program_options.hpp"
#include "benchmarks/cli/rule_options.hpp"
#include "benchmarks/cli/value_option.hpp"
#include "benchmarks/plan/profile.hpp"

namespace mpmt::benchmarks {
namespace {

/// An option whose value is a list a,b,c; errors name the option.
void add_axis(CLI::App& command, const Axis& axis, RunOptions& options, const std::string& group) {
  const std::string name(axis.option);
  const auto take = [&options, name, axis](const CLI::results_t& results) {
    axis.clear(options);
    for (const auto& list : results) {
      for (const auto& item : split(list)) {
        try {
          axis.add(options, item);
        } catch (const std::invalid_argument& wrong) {
          throw CLI::ValidationError(name, wrong.what());
        }
      }
    }
    return true;
  };
  command.add_option(name, take, std::string(axis.help))->type_name("LIST")->group(group);
}

void add_axes(CLI::App& command, RunOptions& options) {
  for (const auto& axis : common_axes()) add_axis(command, axis, options, "Axes (default: as the profile has them)");
  for (const auto& family : FamilyCatalog::instance().all()) {
    for (const auto& axis : family.axes) add_axis(command, axis, options, text("Axes of --family ", family.name));
  }
}

template <class Value>
CLI::Option* add_number(CLI::App& command, const std::string& name, std::optional<Value>& into, Value least, Value most,
                        const std::string& help) {
  const auto take = [least, most, &into](const std::string& item) { into = integer<Value>(least, most)(item); };
  return add_value(command, name, help, take)->type_name("N");
}

/// As Google Benchmark writes it: seconds (0.05s, or without the s), or a number of blocks (10x).
void take_min_time(RunOptions& options, const std::string& item) {
  if (!item.ends_with('x')) {
    options.min_time_s = seconds_from(item, 0.001, 3600);
    return;
  }
  try {
    options.min_blocks = integer<int>(1, 100'000)(item.substr(0, item.size() - 1));
  } catch (const std::invalid_argument&) {
    throw std::invalid_argument(text("'", shown(item), "' is not a number of blocks from 1x to 100000x"));
  }
}

void add_amounts(CLI::App& command, RunOptions& options) {
  add_rule_options(command, options.margin, options.confidence);
  add_value(command, "--budget",
            "of measuring, all rows together, pilots included; it ends sooner when all are decided",
            [&options](const std::string& item) { options.budget_s = seconds_from(item, 0, 1e7); })
      ->type_name("SECONDS")
      ->default_str("55 s, 590 s, 6 h, by profile");
  add_number(command, "--rounds", options.rounds, 1, 10'000,
             "of every group, each with fresh processes (default: until all rows are decided)");
  add_number(command, "--laps", options.laps, 1, 100'000,
             "timed blocks of each contender in a round (default: by the scatter that is found)");
  add_value(command, "--wait-idle", "for the machine to become idle before the first round, at most",
            [&options](const std::string& item) { options.wait_idle_s = seconds_from(item, 0, 86'400); })
      ->type_name("SECONDS")
      ->default_str("10s");
  add_value(command, "--block", "how long a timed block of a group's slowest case takes, about",
            [&options](const std::string& item) { options.block_time = time_from(item); })
      ->type_name("TIME")
      ->default_str("3ms, or 1ms where that holds many tasks");
  add_number(command, "--tasks", options.tasks, std::uint64_t{1}, std::uint64_t{1} << 40,
             "tasks per block, in place of --block");
  add_number(command, "--seed", options.seed, std::uint64_t{0}, std::uint64_t{1} << 53, "order of rounds and laps");
  add_value(command, "--timeout", "for each answer of a trial: that it is ready, a block, its end",
            [&options](const std::string& item) { options.timeout_s = seconds_from(item, 0.1, 86'400); })
      ->type_name("SECONDS")
      ->default_str("30; 300 for programs of others");
}

void refuse(CLI::App& command, const std::string& name, const std::string& why) {
  command
      .add_option(
          name, [name, why](const CLI::results_t&) -> bool { throw CLI::ValidationError(name, "is refused: " + why); },
          "")
      ->expected(0, 1)
      ->group("");  // not shown in --help
}

void refuse_interleaving_off(CLI::App& command) {
  const std::string name = "--benchmark_enable_random_interleaving";
  const auto take = [name](const CLI::results_t& results) {
    static const std::vector<std::string> yes{"", "true", "1", "yes"};
    if (!results.empty() && std::find(yes.begin(), yes.end(), results.front()) == yes.end()) {
      throw CLI::ValidationError(
          name, "cannot be turned off: blocks always take turns, in an order drawn for each lap (see --seed)");
    }
    return true;
  };
  command.add_option(name, take, "is always so")->expected(0, 1)->group("Google Benchmark");
}

void add_google_options(CLI::App& command, RunOptions& options) {
  constexpr auto kGoogle = "Google Benchmark";
  command.add_option("--benchmark_filter", options.filter, "run the cases whose name matches")->group(kGoogle);
  command.add_flag("--benchmark_list_tests", options.list_tests, "print the cases' names and end")->group(kGoogle);
  command.add_option("--benchmark_format", options.format, "standard output: console or json")
      ->check(CLI::IsMember({"console", "json"}))
      ->group(kGoogle);
  command.add_option("--benchmark_out", options.out, "the same as --out")->group(kGoogle);
  command.add_option("--benchmark_out_format", "json: the only format of a record")
      ->check(CLI::IsMember({"json"}))
      ->group(kGoogle);
  command.add_option("--benchmark_color", options.color, "auto (on a terminal), true or false")
      ->check(CLI::IsMember({"auto", "true", "false", "yes", "no", "1", "0"}))
      ->group(kGoogle);
  command
      .add_flag_callback(
          "--benchmark_counters_tabular", [] {}, "accepted: the summary is a table in any case")
      ->group(kGoogle);
  command.add_option("--benchmark_time_unit", options.time_unit, "unit of real_time and cpu_time in the record")
      ->check(CLI::IsMember({"ns", "us", "ms", "s"}))
      ->group(kGoogle);
  add_number(command, "--benchmark_repetitions", options.rounds, 1, 10'000, "the same as --rounds")->group(kGoogle);
  add_value(command, "--benchmark_min_time",
            "timed per contender and round, at least: seconds (0.05s) or blocks (10x); sets --laps",
            [&options](const std::string& item) { take_min_time(options, item); })
      ->type_name("TIME")
      ->group(kGoogle);
  refuse_interleaving_off(command);
  refuse(command, "--benchmark_perf_counters", "it would count the harness, not the trials it starts");
  refuse(command, "--benchmark_report_aggregates_only", "a record keeps raw values");
  refuse(command, "--benchmark_display_aggregates_only", "a record keeps raw values");
  refuse(command, "--benchmark_context", "the context is what was found, not what was said");
}

}  // namespace

void add_profile_option(CLI::App& command, std::string& into, const std::string& help) {
  std::vector<std::string> names;
  for (const auto& profile : kProfiles) names.emplace_back(profile.name);
  command.add_option("--profile", into, help)->check(CLI::IsMember(names))->capture_default_str();
}

void add_family_option(CLI::App& command, std::string& into) {
  std::vector<std::string> names;
  std::string help;
  for (const auto& family : FamilyCatalog::instance().all()) {
    names.emplace_back(family.name);
    help += text(help.empty() ? "" : "; ", family.name, ": ", family.summary);
  }
  command.add_option("--family", into, help)->check(CLI::IsMember(names))->capture_default_str();
}

void add_run_options(CLI::App& command, RunOptions& options) {
  add_profile_option(command, options.profile,
                     "how much is measured: quick (within a minute), standard (within ten), full (hours)");
  add_family_option(command, options.family);
  add_axes(command, options);
  add_program_options(command, options);
  add_amounts(command, options);
  command.add_option("--data-dir", options.data_dir, "where workloads make files (default: /var/tmp, else $TMPDIR)");
  command.add_option(
      "--journal-dir", options.journal_dir,
      "an own folder for what is measured until it is a record; a later run does not look there (default: "
      "the state folder, where the next run finds what one that was killed has left)");
  command.add_option(
      "--out", options.out,
      "the record (default: results/<machine-key>/<commit>-<utc>.json); - for standard output, which then "
      "gets nothing else");
  command.add_flag("--dry-run", options.dry_run, "print the plan and end (with --benchmark_format json: as JSON)");
  command.add_flag("--twins", options.twins, "each contender against itself: what says that they differ is wrong")
      ->group("");  // for tests of this program
  command.add_flag("--no-wait", options.no_wait,
                   "end when another run is measuring on this machine, instead of waiting");
  add_google_options(command, options);
}

}  // namespace mpmt::benchmarks
