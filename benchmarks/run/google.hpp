// Google Benchmark as the measuring loop and the reporter's frame.
#pragma once

#include <functional>
#include <string>

#include "benchmarks/record/journal.hpp"
#include "benchmarks/run/measurement.hpp"
#include "benchmarks/run/progress.hpp"

namespace mpmt::benchmarks {

/// Registers every turn of the plan as a benchmark of its own, with fixed iterations and manual time, so that Google
/// Benchmark reports each at once and in our order; runs them; and journals each as an entry of its case. Left to
/// itself the library would repeat a case back to back and report it after its last repetition.
void run_with_google_benchmark(const Plan& plan, Measurement& measurement, Journal& journal, Progress& progress,
                               std::string_view time_unit);

}  // namespace mpmt::benchmarks
