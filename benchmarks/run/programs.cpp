#include "benchmarks/run/programs.hpp"

#include <algorithm>
#include <filesystem>
#include <set>

#include "base/shown.hpp"
#include "base/text.hpp"
#include "benchmarks/case/family.hpp"
#include "benchmarks/case/parameters.hpp"
#include "benchmarks/run/scripts.hpp"
#include "benchmarks/trial/described.hpp"
#include "commands/words.hpp"
#include "workloads/echo_server.hpp"

namespace mpmt::benchmarks {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

constexpr auto kPython = "python";

Words with(Words words, const std::string& last) {
  words.push_back(last);
  return words;
}

/// python, python3, python3.13t, pypy3, as the last part of a path.
bool is_python(const Words& words) {
  if (words.size() != 1) return false;
  const auto name = fs::path(words.front()).filename().string();
  for (const std::string known : {"python", "pypy"}) {
    if (!name.starts_with(known)) continue;
    const auto rest = name.substr(known.size());
    return rest.find_first_not_of("0123456789.t") == std::string::npos;
  }
  return false;
}

Words python_pools(const std::string& interpreter) {
  return {interpreter, "-E", "-s", script_named("mpmt/programs/python_pools.py").string()};
}

/// What a user named with an option, asked what it is.
class Asked {
 public:
  Asked(std::string option, Interrupt& interrupt) : option_(std::move(option)), interrupt_(interrupt) {}

  Program by_command(const NamedCommand& wanted) {
    const auto words = commands::words_of(wanted.command, commands::Words::words_only);
    if (!words || words->empty()) refuse(wanted, "a quote is not closed, or there is no word in it");
    if (is_python(*words)) return speaking(wanted, {python_pools(words->front())}, {});
    if (!commands::program_on_path(words->front())) refuse(wanted, text("'", words->front(), "': no such program"));
    const auto listed = listed_by(*words, interrupt_);
    if (interrupt_.requested()) return {};
    if (listed.ok) return google_program(wanted, *words, listed);
    if (listed.deaf) refuse(wanted, text("asked for its benchmarks: ", listed.error));
    return speaking(wanted, {with(*words, "trial"), *words}, listed.error);
  }

 private:
  static Program google_program(const NamedCommand& wanted, const Words& words, const Listed& listed) {
    Program program;
    program.name = wanted.name;
    program.offer.families = {"google"};
    program.foreign.words = words;
    program.foreign.fixed_iterations = listed.fixed_iterations;
    program.benchmarks = listed.names;
    program.notes = listed.notes;
    return program;
  }

  /// The first of these commands that says what it has.
  Program speaking(const NamedCommand& wanted, const std::vector<Words>& attempts, const std::string& before) {
    std::string reasons = before;
    for (const auto& words : attempts) {
      const auto described = described_by(words, interrupt_);
      if (interrupt_.requested()) return {};
      if (described.ok) {
        Program program;
        program.name = wanted.name;
        program.trial = words;
        program.offer = described.offer;
        program.versions = described.versions;
        return program;
      }
      std::string tried;
      for (const auto& word : words) tried += (tried.empty() ? "" : " ") + word;
      reasons += text(reasons.empty() ? "" : "; ", "'", tried, "': ", described.error);
      if (described.late) break;
    }
    refuse(wanted, text("is no Google Benchmark program, no build of mpmt, and speaks no trial protocol: ", reasons));
  }

  [[noreturn]] void refuse(const NamedCommand& wanted, const std::string& why) const {
    throw UsageError(shown(text(option_, ": ", wanted.name, "='", wanted.command, "': ", why)));
  }

  std::string option_;
  Interrupt& interrupt_;
};

/// Gives each server a port of this machine that nobody listens at just now, and each another one.
void deal_ports(std::vector<Program>& servers) {
  std::vector<Fd> held;
  for (auto& server : servers) {
    held.push_back(workloads::listen_on_loopback());
    server.port = workloads::port_of(held.back());
  }
}

Program foreign_program(const NamedCommand& wanted, const RunOptions& options, std::string_view family) {
  Program program;
  program.name = wanted.name;
  program.offer.families = {std::string(family)};
  program.foreign = options.foreign;
  if (family == "command") {
    program.foreign.command = wanted.command;
    return program;
  }
  program.foreign.serve = wanted.command;
  return program;
}

/// One command alone is compared with itself, at other values.
std::vector<Program> by_values(const Program& only, const std::vector<ParameterList>& lists) {
  std::vector<Program> programs;
  for (const auto& values : combinations_of(lists)) {
    auto& program = programs.emplace_back(only);
    program.foreign.parameters = values;
    program.name.clear();
    for (const auto& [name, value] : values) program.name += text(program.name.empty() ? "" : ",", name, ":", value);
  }
  return programs;
}

/// Names tell cases apart.
void check_names(const Programs& programs) {
  std::set<std::string> names;
  for (const auto& program : programs.list) {
    if (!names.insert(program.name).second) {
      throw UsageError(text("two programs are called '", shown(program.called()), "': give each a name of its own"));
    }
  }
}

/// Messages to trials are JSON, which has text only.
void check_text(const RunOptions& options) {
  const auto& foreign = options.foreign;
  std::vector<std::string> all{foreign.command, foreign.ready, foreign.setup, foreign.prepare,
                               foreign.cleanup, foreign.input, foreign.shell};
  for (const auto* list : {&options.programs, &options.commands, &options.servers}) {
    for (const auto& named : *list) all.push_back(named.command);
  }
  for (const auto& list : options.parameters) all.insert(all.end(), list.values.begin(), list.values.end());
  for (const auto& words : all) {
    if (!is_utf8(words)) throw UsageError(text("'", shown(words), "' is not UTF-8"));
  }
}

/// Options that mean something beside others only.
void check(const RunOptions& options) {
  check_text(options);
  const auto& foreign = options.foreign;
  const bool commands = !options.commands.empty();
  const bool servers = !options.servers.empty();
  const auto refuse = [](bool wrong, const char* why) {
    if (wrong) throw UsageError(why);
  };
  refuse(options.twins && (commands || servers || !options.programs.empty()),
         "--twins: means nothing beside programs of others");
  refuse(commands && servers, "--command: means nothing beside --serve: the load generator is given by --load");
  refuse((commands || servers) && (!options.programs.empty() || !options.with.empty()),
         "--program: means nothing beside --command and --serve");
  refuse((commands || servers) && options.family != RunOptions().family,
         "--family: --command and --serve have their own");
  const bool foreign_family = family_named(options.family).starts_programs;
  refuse(foreign_family,
         "--family: command, server and google are what --command, --serve and --program measure: give those");
  refuse(servers && foreign.ready.empty(),
         "--ready: is needed beside --serve: a port, or a command that exits with 0 once the server is ready");
  refuse(servers && foreign.command.empty(), "--load: is needed beside --serve: the command that is timed");
  refuse(!servers && !foreign.ready.empty(), "--ready: means nothing without --serve");
  refuse(!servers && !foreign.command.empty(), "--load: means nothing without --serve");
  const bool of_commands = !foreign.setup.empty() || !foreign.prepare.empty() || !foreign.cleanup.empty() ||
                           !foreign.input.empty() || foreign.ignore_failure;
  refuse(!commands && of_commands,
         "--setup, --prepare, --cleanup, --input, --ignore-failure: mean nothing without --command");
  refuse(!commands && !servers && !options.parameters.empty(),
         "--parameter-list: means nothing without --command or --serve");
  refuse(!commands && !servers && foreign.shell != ForeignParameters().shell,
         "--shell: means nothing without --command or --serve");
}

Programs foreign_programs(const RunOptions& options) {
  const bool commands = !options.commands.empty();
  Programs programs{commands ? "command" : "server", {}};
  for (const auto& wanted : commands ? options.commands : options.servers) {
    programs.list.push_back(foreign_program(wanted, options, programs.family));
  }
  if (programs.list.size() == 1 && !options.parameters.empty()) {
    programs.list = by_values(programs.list.front(), options.parameters);
  }
  if (!commands) deal_ports(programs.list);
  return programs;
}

}  // namespace

Programs programs_of(const RunOptions& options, Interrupt& interrupt) {
  check(options);
  if (!options.commands.empty() || !options.servers.empty()) {
    auto programs = foreign_programs(options);
    check_names(programs);
    return programs;
  }
  Programs programs{options.family, {}};
  if (options.twins) programs.list = {own_program("A"), own_program("B")};
  for (const auto& wanted : options.programs) {
    programs.list.push_back(Asked("--program", interrupt).by_command(wanted));
    if (interrupt.requested()) return programs;
  }
  const auto is_google = [](const Program& program) { return !program.benchmarks.empty(); };
  const bool google = std::any_of(programs.list.begin(), programs.list.end(), is_google);
  if (google && !std::all_of(programs.list.begin(), programs.list.end(), is_google)) {
    throw UsageError("--program: Google Benchmark programs are compared with each other only");
  }
  if (google) programs.family = "google";
  if (programs.list.empty()) programs.list.push_back(own_program());
  for (const auto& name : options.with) {
    programs.list.push_back(Asked("--with", interrupt).by_command({name, name == kPython ? "python3" : name}));
    if (interrupt.requested()) return programs;
  }
  check_names(programs);
  for (const auto& program : programs.list) {
    const auto& families = program.offer.families;
    if (std::find(families.begin(), families.end(), programs.family) != families.end()) continue;
    throw UsageError(text("--family: ", program.name, " has nothing of the family ", programs.family));
  }
  return programs;
}

}  // namespace mpmt::benchmarks
