// Made-up observations, and the rows that come of them.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "benchmarks/judge/verdict.hpp"
#include "resolved.hpp"

namespace mpmt::benchmarks {

using Observations = std::vector<Observation>;
using Costs = std::vector<double>;

/// As many rounds as a winner needs: a first look, and the series that confirms it.
inline constexpr std::size_t kEnough = 14;

inline Case made(const std::string& executor, const std::string& channel = "boost_queue") {
  Case c;
  c.workload = "prime_count";
  c.executor = executor;
  c.channel = channel;
  c.workers = 2;
  c.window = 2;
  return resolved(c);
}

/// A round of one lap.
inline Observation round_of(const Case& measured, int round, double cost_ns) {
  return {measured, round, "g", false, {}, cost_ns, {cost_ns}};
}

/// A round that gave nothing, through its own fault or because it was disturbed.
inline Observation lost(const Case& measured, int round, bool disturbed) {
  return {measured, round, "g", disturbed, {}, 0, {}};
}

/// Adds a round for each value.
inline void add(Observations& to, const Case& measured, const Costs& values) {
  int round = 0;
  for (const double value : values) to.push_back(round_of(measured, round++, value));
}

inline Observations both(const Costs& processes, const Costs& threads) {
  Observations all;
  add(all, made("process_pool"), processes);
  add(all, made("thread_pool"), threads);
  return all;
}

/// Rounds about 100 × factor that scatter a little in a fixed pattern: other ones with another `phase`.
inline Costs about(double factor, std::size_t count = kEnough, std::size_t phase = 0, double scatter = 0.005) {
  constexpr double pattern[] = {0.3, -1.1, 0.9, -0.4, 1.3, -1.0, 0.0};
  Costs costs;
  for (std::size_t i = 0; i < count; ++i) costs.push_back(100 * factor * std::exp(scatter * pattern[(i + phase) % 7]));
  return costs;
}

/// As many rows as there are.
inline Rules usual() {
  Rules rules;
  rules.rows = 0;
  return rules;
}

inline std::vector<Comparison> compared_as_usual(const Observations& observations) {
  return compare(observations, usual());
}

/// The only row of one of the two tables.
inline Comparison only(const Observations& observations, bool deployed = false) {
  const Comparison* found = nullptr;
  const auto rows = compared_as_usual(observations);
  for (const auto& row : rows) {
    if (row.deployed != deployed) continue;
    EXPECT_EQ(found, nullptr) << "more than one row";
    found = &row;
  }
  EXPECT_NE(found, nullptr) << "no row";
  return found != nullptr ? *found : Comparison();
}

}  // namespace mpmt::benchmarks
