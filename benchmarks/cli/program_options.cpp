#include "benchmarks/cli/program_options.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <stdexcept>

#include "base/shown.hpp"
#include "base/text.hpp"
#include "benchmarks/cli/value_option.hpp"

namespace mpmt::benchmarks {
namespace {

constexpr auto kCommands = "Commands and servers of others";

/// Names stand in the names of cases, in answers and in records.
NamedCommand named_command_from(const std::string& item) {
  constexpr std::size_t kMostName = 40;
  const auto end = item.find('=');
  const auto name = item.substr(0, end);
  const auto fits = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-' || c == '.';
  };
  if (end == std::string::npos || name.empty() || name.size() > kMostName ||
      !std::all_of(name.begin(), name.end(), fits)) {
    throw std::invalid_argument(
        text("'", shown(item), "' has no name: write NAME=COMMAND, the name in letters, digits, _, - and ."));
  }
  if (item.find_first_not_of(' ', end + 1) == std::string::npos)
    throw std::invalid_argument(text("'", shown(item), "' has no command: write NAME=COMMAND"));
  return {name, item.substr(end + 1)};
}

/// A repeatable option NAME=COMMAND; no name twice.
CLI::Option* add_named_commands(CLI::App& command, const std::string& option, std::vector<NamedCommand>& into,
                                const std::string& help) {
  const auto take = [option, &into](const CLI::results_t& results) {
    into.clear();
    for (const auto& item : results) {
      try {
        into.push_back(named_command_from(item));
      } catch (const std::invalid_argument& wrong) {
        throw CLI::ValidationError(option, wrong.what());
      }
      const auto is_it = [&](const NamedCommand& other) { return other.name == into.back().name; };
      if (std::count_if(into.begin(), into.end(), is_it) > 1)
        throw CLI::ValidationError(option, text("two are called '", into.back().name, "'"));
    }
    return true;
  };
  return command.add_option(option, take, help)->type_name("NAME=COMMAND")->expected(1)->take_all();
}

/// As hyperfine users know them.
void add_parameter_list(CLI::App& command, RunOptions& options) {
  const auto take = [&options](const CLI::results_t& results) {
    options.parameters.clear();
    for (std::size_t i = 0; i + 1 < results.size(); i += 2) {
      const auto& name = results[i];
      const bool fits =
          !name.empty() && name.find_first_of("{}/=") == std::string::npos && name != "name" && name != "port";
      if (!fits)
        throw CLI::ValidationError("--parameter-list", text("'", shown(name), "' cannot be a parameter's name"));
      options.parameters.push_back({name, split(results[i + 1])});
    }
    return true;
  };
  command
      .add_option("-L,--parameter-list", take,
                  "values that stand in for {NAME} in the commands, each a case of its own; repeatable")
      ->type_name("NAME VALUES")
      ->type_size(2)
      ->expected(1, 100)
      ->allow_extra_args(false)
      ->group(kCommands);
}

void add_commands(CLI::App& command, RunOptions& options) {
  auto& foreign = options.foreign;
  add_named_commands(command, "--command", options.commands, "measure this command, each execution a task; repeatable")
      ->group(kCommands);
  add_named_commands(command, "--serve", options.servers, "measure this server, under --load; repeatable")
      ->group(kCommands);
  command
      .add_option("--ready", foreign.ready,
                  "a server is ready once this port of 127.0.0.1 takes connections, or this command exits with 0; "
                  "{port} is one that is free")
      ->type_name("PORT|COMMAND")
      ->group(kCommands);
  command.add_option("--load", foreign.command, "the load generator that is timed against each server")
      ->type_name("COMMAND")
      ->group(kCommands);
  add_parameter_list(command, options);
  command.add_option("--setup", foreign.setup, "before the runs of each round, not timed")
      ->type_name("COMMAND")
      ->group(kCommands);
  command.add_option("--prepare", foreign.prepare, "before each run, not timed")
      ->type_name("COMMAND")
      ->group(kCommands);
  command.add_option("--cleanup", foreign.cleanup, "after the runs of each round, not timed")
      ->type_name("COMMAND")
      ->group(kCommands);
  command.add_option("--input", foreign.input, "standard input of the commands (default: /dev/null)")
      ->type_name("FILE")
      ->group(kCommands);
  command.add_flag("-i,--ignore-failure", foreign.ignore_failure, "any exit code will do")->group(kCommands);
  command
      .add_option(
          "-S,--shell", foreign.shell,
          "default: /bin/sh where the command is more than words; none; or a shell. Its start is no part of a figure")
      ->type_name("SHELL")
      ->group(kCommands);
  command
      .add_flag_callback(
          "-N", [&foreign] { foreign.shell = "none"; }, "the same as --shell=none")
      ->group(kCommands);
}

void add_programs(CLI::App& command, RunOptions& options) {
  constexpr auto kPrograms = "Programs of others";
  add_named_commands(command, "--program", options.programs,
                     "a program whose cases are measured, in place of this one's; repeatable: a build of mpmt, a "
                     "Google Benchmark program, a Python, any program that speaks the trial protocol")
      ->group(kPrograms);
  command.add_option("--with", options.with, "measure these beside: python, whose own pools run the same tasks")
      ->check(CLI::IsMember({"python"}))
      ->group(kPrograms);
}

}  // namespace

void add_program_options(CLI::App& command, RunOptions& options) {
  add_programs(command, options);
  add_commands(command, options);
}

}  // namespace mpmt::benchmarks
