// Which programs a user means.
#pragma once

#include <string>
#include <vector>

#include "base/interrupt.hpp"
#include "benchmarks/case/program.hpp"
#include "benchmarks/plan/options.hpp"

namespace mpmt::benchmarks {

/// Whose cases are measured, and of which family.
struct Programs {
  std::string family;
  std::vector<Program> list;
};

/// Those whose cases are to be measured, each asked what it has; this program itself where no other is named. Commands
/// (--command) and servers (--serve) are programs of families of their own; of one command with --parameter-list, each
/// combination of values is a program.
///
/// NAME=COMMAND is a Python where COMMAND is one word that is called so: its own pools are measured, by
/// scripts/mpmt/programs/python_pools.py. Else it is what it answers to: a program that speaks the trial protocol, or a
/// build of mpmt, whose `trial` does, or a Google Benchmark program, whose benchmarks are the cases. Throws UsageError
/// that names the option, and what was tried.
Programs programs_of(const RunOptions& options, Interrupt& interrupt);

}  // namespace mpmt::benchmarks
