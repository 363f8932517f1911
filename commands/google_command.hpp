// How a program that uses the Google Benchmark library is asked for something.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "commands/captured_process.hpp"

namespace mpmt::commands {

/// A regular expression for --benchmark_filter that matches this name, whole, in every dialect that the library is
/// built with (std::regex, POSIX extended, RE2) and every version: what any of them takes for something else, where
/// versions differ in how it is escaped, is matched by a dot. So it may match other names, too.
std::string loose_filter(std::string_view name);

/// This process's environment without the variables that the library takes for options, such as BENCHMARK_FILTER,
/// as far as they change what a process does; the program's own stay.
std::vector<std::string> environment_for_google();

/// The command with these options after its own: of two equal ones, the library believes the last.
std::vector<std::string> with_options(std::vector<std::string> command, const std::vector<std::string>& options);

/// Whether it has said that `--benchmark_min_time=<n>x` is not understood: it is older than 1.8.
bool refuses_iterations(const Captured& said);

/// "exited with 3: what it said last".
std::string ending(const Captured& done);

}  // namespace mpmt::commands
