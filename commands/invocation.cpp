#include "commands/invocation.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "commands/words.hpp"

namespace mpmt::commands {
namespace {

constexpr std::string_view kNoShell = "none";
constexpr std::string_view kDefaultShell = "default";

/// Those of POSIX: echo, read, exec.
constexpr std::array<std::string_view, 6> kCanWait{"sh", "dash", "bash", "ksh", "zsh", "ash"};

std::string_view basename_of(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

Invocation direct(const Command& command, std::vector<std::string> words) {
  if (words.empty()) throw CannotStart(quoted(command.text) + ": no command");
  const auto path = program_on_path(words.front());
  if (!path) throw CannotStart(quoted(command.text) + ": no such program");
  return {*path, std::move(words), {}, false};
}

Invocation with_shell(const Command& command, const std::string& shell) {
  const auto path = program_on_path(shell);
  if (!path) throw CannotStart(text(quoted(command.text), ": shell '", shell, "': no such program"));
  Invocation made{*path, {shell, "-c"}, text("shell '", shell, "'"), !times_shell_start(shell)};
  // On a line of its own, a command may begin with a comment or whatever it likes.
  made.arguments.push_back(made.gate_in_shell
                               ? text("echo >&", kShellSaysThere, "; read -r _ <&", kShellGate, "; exec ",
                                      kShellSaysThere, ">&- ", kShellGate, "<&-\n", command.text)
                               : command.text);
  return made;
}

}  // namespace

Invocation invocation_of(const Command& command) {
  if (command.text.find_first_not_of(" \t\n") == std::string::npos) throw CannotStart("'': no command");
  if (command.shell == kNoShell) {
    auto words = words_of(command.text, Words::words_only);
    if (!words) throw CannotStart(quoted(command.text) + ": a quote is not closed");
    return direct(command, std::move(*words));
  }
  if (command.shell != kDefaultShell) return with_shell(command, command.shell);
  auto words = words_of(command.text, Words::shell_unless_plain);
  if (!words || words->empty() || is_of_shell(words->front())) return with_shell(command, "/bin/sh");
  return direct(command, std::move(*words));
}

bool times_shell_start(std::string_view shell) {
  if (shell == kNoShell || shell == kDefaultShell) return false;
  return std::find(kCanWait.begin(), kCanWait.end(), basename_of(shell)) == kCanWait.end();
}

std::string quoted(const std::string& text) {
  constexpr std::size_t most = 100;
  if (text.size() <= most) return "'" + text + "'";
  // Not within a character.
  std::size_t end = most;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return "'" + text.substr(0, end) + "...'";
}

}  // namespace mpmt::commands
