// What is said of a plan before it is carried out.
#pragma once

#include <string>

#include "benchmarks/plan/plan.hpp"

namespace mpmt::benchmarks {

/// Rounded up, and never 0.
long whole_seconds(double seconds);

/// "about 12 s", "12 to 50 s"
std::string span_text(double least_s, double most_s);

/// What is known before the pilots. How long a block of a given number of tasks takes is not.
std::string plan_line(const Plan& plan, const RunOptions& options);

/// plan_line(), and the groups with their cases.
void print_plan(const Plan& plan, const RunOptions& options);

}  // namespace mpmt::benchmarks
