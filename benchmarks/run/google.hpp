// Google Benchmark as the measuring loop and the reporter's frame.
#pragma once

#include <functional>
#include <string>

#include "benchmarks/record/journal.hpp"
#include "benchmarks/run/dealer.hpp"
#include "benchmarks/run/measurement.hpp"
#include "benchmarks/run/progress.hpp"

namespace mpmt::benchmarks {

/// Registers every round that the dealer asks for as a benchmark of its own, with as many iterations as it has laps and
/// manual time, so that Google Benchmark reports each at once; runs it; and journals an entry for each contender. Left
/// to itself the library would repeat a benchmark back to back and report it after its last repetition.
void run_with_google_benchmark(const Plan& plan, Dealer& dealer, Measurement& measurement, Journal& journal,
                               Progress& progress, std::string_view time_unit);

}  // namespace mpmt::benchmarks
