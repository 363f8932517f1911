// Plans as a test asks for them, and how they are refused.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "benchmarks/case/family.hpp"
#include "benchmarks/plan/plan.hpp"

namespace mpmt::benchmarks {

inline constexpr std::uint64_t kSeed = 42;
inline constexpr int kCpus = 2;

inline std::uint64_t no_calibration(const Case&, const TimeWish&) {
  throw std::logic_error("nothing to calibrate");
}

/// This program, alone or as its own twin; of families that measure programs of others, two of those.
inline std::vector<Program> own_programs(const RunOptions& options) {
  if (family_named(options.family).starts_programs) {
    Program program{"old", {}, {}, {}};
    program.foreign.words = {"./a"};
    program.foreign.command = "true";
    program.benchmarks = {"BM_a", "BM_b/8"};
    auto other = program;
    other.name = "new";
    return {program, other};
  }
  if (options.twins) return {own_program("A"), own_program("B")};
  return {own_program()};
}

inline Plan plan_of(const RunOptions& options, std::uint64_t seed = kSeed) {
  return make_plan(options, own_programs(options), kCpus, seed, no_calibration);
}

inline std::vector<std::string> names_of(const Plan& plan) {
  std::vector<std::string> names;
  for (const auto& planned : plan.cases) names.push_back(planned.measured.name());
  return names;
}

inline std::string refusal_of(const RunOptions& options) {
  try {
    plan_of(options);
  } catch (const UsageError& refusal) {
    EXPECT_EQ(std::string(refusal.what()).find('\n'), std::string::npos);
    return refusal.what();
  }
  return "accepted";
}

/// The refusal names all of these.
inline void expect_refused(const RunOptions& options, const std::vector<std::string>& parts) {
  const auto refusal = refusal_of(options);
  for (const auto& part : parts) EXPECT_NE(refusal.find(part), std::string::npos) << refusal;
}

}  // namespace mpmt::benchmarks
