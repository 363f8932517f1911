// The command line of `mpmt run`.
#pragma once

#include "benchmarks/plan/options.hpp"

namespace CLI {
class App;
}

namespace mpmt::benchmarks {

/// Adds the options of `mpmt run` to a command; `options` receives what is parsed and outlives it.
void add_run_options(CLI::App& command, RunOptions& options);

}  // namespace mpmt::benchmarks
