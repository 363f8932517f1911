#include "commands/google_command.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "base/shown.hpp"

namespace mpmt::commands {
namespace {

/// Of https://github.com/google/benchmark, src/benchmark.cc: each --benchmark_<name> is read from BENCHMARK_<NAME>
/// first.
constexpr std::array<std::string_view, 12> kOptionVariables{"LIST_TESTS",  "FILTER",
                                                            "MIN_TIME",    "MIN_WARMUP_TIME",
                                                            "REPETITIONS", "ENABLE_RANDOM_INTERLEAVING",
                                                            "DRY_RUN",     "REPORT_AGGREGATES_ONLY",
                                                            "FORMAT",      "DISPLAY_AGGREGATES_ONLY",
                                                            "OUT",         "OUT_FORMAT"};

bool is_an_option(std::string_view variable) {
  constexpr std::string_view kPrefix = "BENCHMARK_";
  const auto name = variable.substr(0, variable.find('='));
  if (!name.starts_with(kPrefix)) return false;
  return std::find(kOptionVariables.begin(), kOptionVariables.end(), name.substr(kPrefix.size())) !=
         kOptionVariables.end();
}

bool means_itself(char character) {
  constexpr std::string_view kPlain = " _/:<>,=%#@~!&;'\"-";
  return std::isalnum(static_cast<unsigned char>(character)) != 0 || kPlain.find(character) != std::string_view::npos;
}

}  // namespace

std::string loose_filter(std::string_view name) {
  std::string filter = "^";
  bool other = false;  // within a run of bytes that are not ASCII: how many characters they are is the locale's affair
  for (const char character : name) {
    const bool ascii = static_cast<unsigned char>(character) < 0x80;
    if (ascii) filter += means_itself(character) ? character : '.';
    if (!ascii && !other) filter += ".+";
    other = !ascii;
  }
  return filter + "$";
}

std::vector<std::string> environment_for_google() {
  std::vector<std::string> kept;
  for (char** variable = ::environ; variable != nullptr && *variable != nullptr; ++variable) {
    if (!is_an_option(*variable)) kept.emplace_back(*variable);
  }
  return kept;
}

std::vector<std::string> with_options(std::vector<std::string> command, const std::vector<std::string>& options) {
  command.insert(command.end(), options.begin(), options.end());
  return command;
}

bool refuses_iterations(const Captured& said) {
  return said.error.text().find("expected to be a double") != std::string::npos;
}

std::string ending(const Captured& done) {
  const auto last = done.last_line();
  return done.end->describe() + (last.empty() ? "" : ": " + shown(last));
}

}  // namespace mpmt::commands
