// Programs, commands and servers of others, on the command line of `mpmt run`.
#pragma once

#include "benchmarks/plan/options.hpp"

namespace CLI {
class App;
}

namespace mpmt::benchmarks {

/// `options` receives what is parsed and outlives the command. Whether what was given goes together, programs_of()
/// checks.
void add_program_options(CLI::App& command, RunOptions& options);

}  // namespace mpmt::benchmarks
