#include "benchmarks/cli/plan_text.hpp"

#include <algorithm>
#include <cmath>
#include <iostream>

#include "base/duration_text.hpp"
#include "base/text.hpp"
#include "benchmarks/run/sizing.hpp"

namespace mpmt::benchmarks {
namespace {

/// "1 case", "2 cases".
std::string counted(std::size_t count, const std::string& what) {
  return text(count, " ", what, count == 1 ? "" : "s");
}

/// "3 ms", or "1 to 3 ms".
std::string lengths_of(const Plan& plan) {
  const auto most = duration_text(static_cast<double>(plan.block_time.count()));
  return plan.short_block_time == plan.block_time
             ? most
             : text(plan.short_block_time / std::chrono::milliseconds(1), " to ", most);
}

}  // namespace

long whole_seconds(double seconds) {
  return std::max(1L, static_cast<long>(std::ceil(seconds)));
}

std::string span_text(double least_s, double most_s) {
  return most_s > least_s + 1 ? text(whole_seconds(least_s), " to ", whole_seconds(most_s), " s")
                              : text("about ", whole_seconds(most_s), " s");
}

std::string plan_line(const Plan& plan, const RunOptions& options) {
  const auto guess = guessed_seconds(plan);
  const auto time = options.tasks
                        ? std::string("for how long pilots have to tell, as --tasks is given")
                        : text("a guess of ", span_text(guess.first_part_s, guess.most_s), ", before any pilot");
  const auto rounds = plan.rounds ? text(counted(static_cast<std::size_t>(*plan.rounds), "round"), " each")
                                  : "rounds until all is decided";
  return text(counted(plan.cases.size(), "case"), " in ", counted(plan.groups.size(), "group"), ", ",
              counted(plan.rows(), "row"), " to decide, ", rounds, ", ", time, "; seed ", plan.seed);
}

void print_plan(const Plan& plan, const RunOptions& options) {
  std::cout << plan_line(plan, options)
            << "\nthe cases of a group are alive at once and take turns, in blocks of about " << lengths_of(plan)
            << " for its slowest case; "
            << (plan.laps ? text(*plan.laps, " laps") : text("first ", kFirstLaps, " laps at most")) << " a round, "
            << (plan.laps ? "as asked for\n" : "then as many as the scatter of laps and rounds asks for\n");
  for (const auto& group : plan.groups) {
    std::cout << "group " << group.name << '\n';
    for (const auto member : group.members) std::cout << "  " << plan.cases[member].measured.name() << '\n';
  }
}

}  // namespace mpmt::benchmarks
