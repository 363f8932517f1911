// What every family promises, whatever it measures.
#include "benchmarks/case/family.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "benchmarks/plan/profile.hpp"
#include "planning.hpp"

namespace mpmt::benchmarks {
namespace {

class EveryFamily : public ::testing::TestWithParam<std::string> {
 protected:
  const Family& family() const { return family_named(GetParam()); }
  Plan planned() const {
    RunOptions options;
    options.family = GetParam();
    return plan_of(options);
  }
};

TEST_P(EveryFamily, is_a_file_of_its_own) {
  EXPECT_TRUE(std::ifstream(std::string(MPMT_SOURCE_DIR) + "/benchmarks/families/" + GetParam() + ".cpp").good());
  EXPECT_FALSE(family().summary.empty());
}

TEST_P(EveryFamily, plans_its_own_cases_in_every_profile) {
  for (const auto& profile : kProfiles) {
    RunOptions options;
    options.family = GetParam();
    options.profile = profile.name;
    const auto plan = plan_of(options);
    EXPECT_GT(plan.rows(), 0U) << profile.name;
    for (const auto& one : plan.cases) ASSERT_EQ(one.measured.family, GetParam());
  }
}

TEST_P(EveryFamily, its_cases_have_names_of_their_own_and_survive_a_journey_through_json) {
  std::set<std::string> names;
  for (const auto& one : planned().cases) {
    const auto& measured = one.measured;
    EXPECT_TRUE(names.insert(measured.name()).second) << measured.name() << " twice";
    const auto fields = to_json(measured);
    EXPECT_EQ(fields.at("family"), GetParam());
    EXPECT_EQ(case_from(fields).name(), measured.name());
    EXPECT_EQ(to_json(case_from(fields)), fields);
  }
}

TEST_P(EveryFamily, a_case_without_one_of_its_fields_is_refused) {
  const auto plan = planned();
  const auto linked = [](const PlannedCase& one) { return one.measured.has_links(); };
  const auto found = std::find_if(plan.cases.begin(), plan.cases.end(), linked);
  const auto fields = to_json(found == plan.cases.end() ? plan.cases.front().measured : found->measured);
  for (const auto& [name, value] : fields.items()) {
    if (name == "batch_split") continue;  // told since a record's batch is a number where it was split
    if (name == "program" || (family().starts_programs && value.is_null())) continue;
    auto without = fields;
    without.erase(name);
    EXPECT_THROW(case_from(without), nlohmann::json::exception) << name;
  }
}

TEST_P(EveryFamily, an_axis_of_another_means_nothing_to_it_and_is_refused) {
  for (const auto& other : FamilyCatalog::instance().all()) {
    for (const auto& axis : other.axes) {
      if (other.name == GetParam()) continue;
      const auto is_it = [&](const Axis& own) { return own.option == axis.option; };
      EXPECT_TRUE(std::none_of(family().axes.begin(), family().axes.end(), is_it)) << axis.option;
    }
  }
  for (const auto& axis : family().axes) EXPECT_FALSE(axis.given(RunOptions())) << axis.option;
}

TEST_P(EveryFamily, what_its_rows_and_metrics_are_called_is_called_so_once) {
  std::set<std::string_view> names;
  for (const auto& measure : common_measures()) EXPECT_TRUE(names.insert(measure.name).second) << measure.name;
  for (const auto& other : FamilyCatalog::instance().all()) {
    for (const auto& field : other.row_fields) EXPECT_TRUE(names.insert(field.name).second) << field.name;
    for (const auto& metric : other.metrics) EXPECT_TRUE(names.insert(metric.said.name).second) << metric.said.name;
    EXPECT_TRUE(names.insert(other.cost).second) << other.cost;
  }
  ASSERT_FALSE(family().columns.empty());
  EXPECT_TRUE(family().columns.front().always) << "what a row is about";
}

TEST_P(EveryFamily, says_which_views_it_and_its_metrics_feed_in_units_that_views_know) {
  EXPECT_FALSE(family().views.empty());
  const std::set<std::string_view> units{"ns", "bytes", "bytes/s", "ratio", "share", "count"};
  auto measures = common_measures();
  for (const auto& metric : family().metrics) measures.push_back(metric.said);
  for (const auto& measure : measures) {
    EXPECT_TRUE(units.contains(measure.unit)) << measure.name;
    EXPECT_FALSE(measure.title.empty()) << measure.name;
  }
}

TEST_P(EveryFamily, cases_compared_in_a_row_do_the_same_work_in_threads_and_in_processes) {
  if (family().starts_programs) GTEST_SKIP() << "compared by program";
  const auto plan = planned();
  for (const auto& group : plan.groups) {
    for (const auto& row : group.rows) {
      const auto& threads = plan.cases[row.a].measured;
      const auto& processes = plan.cases[row.b].measured;
      EXPECT_EQ(who_runs(threads), Who::threads);
      EXPECT_EQ(who_runs(processes), Who::processes);
      EXPECT_EQ(family().work_of(threads), family().work_of(processes));
      EXPECT_EQ(threads.facts.version, processes.facts.version);
    }
  }
}

std::vector<std::string> names_of_all() {
  std::vector<std::string> names;
  for (const auto& family : FamilyCatalog::instance().all()) names.emplace_back(family.name);
  return names;
}

INSTANTIATE_TEST_SUITE_P(all, EveryFamily, ::testing::ValuesIn(names_of_all()),
                         [](const auto& instance) { return instance.param; });

TEST(Family, one_that_is_not_there_is_refused_with_those_that_are) {
  try {
    family_named("lifecycle");
    FAIL();
  } catch (const std::invalid_argument& refusal) {
    const std::string said = refusal.what();
    for (const auto& name : names_of_all()) EXPECT_NE(said.find(name), std::string::npos) << said;
    EXPECT_NE(said.find("'lifecycle'"), std::string::npos) << said;
  }
}

}  // namespace
}  // namespace mpmt::benchmarks
