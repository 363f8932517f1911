// The command line of `mpmt run`.
#pragma once

#include "benchmarks/plan/options.hpp"

namespace CLI {
class App;
}

namespace mpmt::benchmarks {

/// Adds the options of `mpmt run` to a command; `options` receives what is parsed and outlives it.
void add_run_options(CLI::App& command, RunOptions& options);

/// `--profile` and `--family`, of this and other commands; what they take is known here alone.
void add_profile_option(CLI::App& command, std::string& into, const std::string& help);
void add_family_option(CLI::App& command, std::string& into);

}  // namespace mpmt::benchmarks
