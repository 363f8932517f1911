#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>

#include "base/output.hpp"
#include "base/text.hpp"
#include "benchmarks/cli/commands.hpp"
#include "benchmarks/run/scripts.hpp"

namespace mpmt::benchmarks {
namespace {

// The script itself goes on in a Python that has all its packages (scripts/mpmt/entrance.py): the first will do.
constexpr const char* kPythons[] = {"python3", "/usr/bin/python3"};

}  // namespace

const std::vector<ScriptCommand>& script_commands() {
  static const std::vector<ScriptCommand> commands{
      {"ask", "ask one question, get one answer (docs/asking.md)"},
      {"report", "a page, or text, from records (docs/reports.md)"},
      {"plot", "draw records (docs/figures.md)"},
      {"track", "compare commits and programs, follow histories (docs/tracking.md)"}};
  return commands;
}

int become_script(char** argv) {
  const auto script = script_named(text(argv[1], ".py")).string();
  const auto own = own_path().string();
  if (!own.empty()) ::setenv("MPMT_BINARY", own.c_str(), 1);
  std::vector<char*> words{nullptr, const_cast<char*>(script.c_str())};
  for (char** word = argv + 2; *word != nullptr; ++word) words.push_back(*word);
  words.push_back(nullptr);
  for (const char* python : kPythons) {
    words[0] = const_cast<char*>(python);
    ::execvp(python, words.data());
  }
  tell(text(argv[1], ": no python3 can be started, neither of the PATH nor /usr/bin/python3 (",
            std::generic_category().message(errno), "); on Debian: apt-get install python3"));
  return kUnavailable;
}

}  // namespace mpmt::benchmarks
