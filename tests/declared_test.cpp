// What a record declares of its own parts.
#include "benchmarks/record/declared.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "benchmarks/case/family.hpp"
#include "planning.hpp"

namespace mpmt::benchmarks {
namespace {

TEST(Declared, the_families_metrics_and_workloads_of_the_plan_are_named_and_no_others) {
  RunOptions options;
  options.workloads = {"mixed_wait"};
  const auto said = declared_by(plan_of(options));
  const auto& pool = family_named("pool");
  ASSERT_EQ(said.at("families").size(), 1U);
  EXPECT_EQ(said["families"]["pool"],
            nlohmann::json(
                {{"summary", pool.summary}, {"operation", "task"}, {"cost", "ns_per_task"}, {"views", pool.views}}));
  EXPECT_EQ(said.at("metrics").size(), common_measures().size() + pool.metrics.size());
  EXPECT_EQ(said["metrics"]["startup_ns"],
            nlohmann::json({{"view", "startup"}, {"unit", "ns"}, {"title", "start-up"}}));
  ASSERT_EQ(said.at("workloads").size(), 1U);
  const auto& workload = said["workloads"]["mixed_wait"];
  EXPECT_EQ(workload.at("question"), "mix");
  EXPECT_EQ(workload.at("typical"), true);
  EXPECT_FALSE(workload.at("summary").get<std::string>().empty() ||
               workload.at("grain_unit").get<std::string>().empty());
}

TEST(Declared, a_plan_without_workloads_declares_none) {
  RunOptions options;
  options.family = "channel";
  const auto said = declared_by(plan_of(options));
  EXPECT_EQ(said.at("workloads"), nlohmann::json::object());
  EXPECT_EQ(said["metrics"]["bytes_per_second"].at("view"), "channels");
}

TEST(Declared, a_workload_is_as_the_first_program_that_has_it_says) {
  Plan plan;
  for (const auto* name : {"", "first", "second"}) {
    auto& program = plan.programs.emplace_back(Program{name, {}, {}, {}});
    if (*name == '\0') continue;
    auto& walk = program.offer.workloads.emplace_back();
    walk.name = "walk";
    walk.question = name;
    PlannedCase one;
    one.measured.program = name;
    one.measured.workload = "walk";
    plan.cases.push_back(one);
  }
  EXPECT_EQ(declared_by(plan).at("workloads").at("walk").at("question"), "first");
}

}  // namespace
}  // namespace mpmt::benchmarks
