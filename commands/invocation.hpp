// How a command becomes a process: with a shell, or without.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace mpmt::commands {

/// A command line of a user's.
struct Command {
  std::string text = {};
  /// "default": none where the text is plain words, else /bin/sh. "none": none, whatever the text. Else the shell.
  std::string shell = "default";
  std::string input = {};       ///< the file that is its standard input; empty: /dev/null
  bool ignore_failure = false;  ///< exit codes and signals are no failure
};

/// Something of the user's is in the way; the message begins with the command, or the option.
struct CannotStart : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// What is exec'd.
struct Invocation {
  std::string path;
  std::vector<std::string> arguments;  ///< the first is the program's name
  std::string program;                 ///< for messages: the first word, or "shell 'zsh'"
  /// The shell itself waits at the gate (held_process.hpp), so that its start-up is over when the command begins.
  bool gate_in_shell = false;
};

/// The numbers under which a shell that waits finds the gate and where to say that it is there. One digit: dash takes
/// no other.
inline constexpr int kShellSaysThere = 8;
inline constexpr int kShellGate = 9;

/// Looks the program up on PATH as it is now. Throws CannotStart.
Invocation invocation_of(const Command& command);

/// Whether this shell's start-up is timed with the command: it is none of those that can be had to wait.
bool times_shell_start(std::string_view shell);

/// The command's text in quotes, at most some 100 bytes of it.
std::string quoted(const std::string& text);

}  // namespace mpmt::commands
