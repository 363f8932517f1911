// What every profile plans, and which cases are measured together.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "planning.hpp"

namespace mpmt::benchmarks {
namespace {

class EveryProfile : public ::testing::TestWithParam<std::string> {
 protected:
  RunOptions options() const {
    RunOptions made;
    made.profile = GetParam();
    return made;
  }
};

TEST_P(EveryProfile, every_case_is_in_a_group_and_no_group_is_too_large) {
  const auto plan = plan_of(options());
  ASSERT_GT(plan.cases.size(), 0U);
  std::set<std::size_t> grouped;
  std::set<std::string> names;
  for (const auto& group : plan.groups) {
    EXPECT_TRUE(names.insert(group.name).second) << group.name << " is the name of two groups";
    const std::set<std::size_t> members(group.members.begin(), group.members.end());
    EXPECT_EQ(members.size(), group.members.size()) << "twice in " << group.name;
    EXPECT_GE(members.size(), 1U);
    EXPECT_LE(members.size(), kMostMembers);
    grouped.insert(members.begin(), members.end());
  }
  EXPECT_EQ(grouped.size(), plan.cases.size());
}

TEST_P(EveryProfile, every_controlled_pair_is_a_row_of_one_group_and_both_its_sides_are_members) {
  const auto plan = plan_of(options());
  std::vector<Case> cases;
  for (const auto& planned : plan.cases) cases.push_back(planned.measured);
  std::set<std::pair<std::size_t, std::size_t>> wanted;
  for (const auto& pair : controlled_rows(cases)) wanted.insert({pair.a, pair.b});
  std::set<std::pair<std::size_t, std::size_t>> found;
  for (const auto& group : plan.groups) {
    for (const auto& row : group.rows) {
      EXPECT_TRUE(found.insert({row.a, row.b}).second) << "a row of two groups";
      for (const auto side : {row.a, row.b}) {
        EXPECT_EQ(std::count(group.members.begin(), group.members.end(), side), 1) << group.name;
      }
    }
  }
  EXPECT_EQ(found, wanted);
  EXPECT_EQ(plan.rows(), wanted.size());
}

TEST_P(EveryProfile, what_speed_ups_are_worked_out_against_is_in_every_group_of_its_parameters) {
  const auto plan = plan_of(options());
  std::map<std::string, std::size_t> serial;
  for (std::size_t i = 0; i < plan.cases.size(); ++i) {
    if (plan.cases[i].measured.executor == "serial") serial[plan.cases[i].group] = i;
  }
  EXPECT_FALSE(serial.empty());
  for (const auto& group : plan.groups) {
    const auto& of = plan.cases[group.members.front()].group;
    for (const auto member : group.members) EXPECT_EQ(plan.cases[member].group, of) << group.name;
    const auto found = serial.find(of);
    if (found == serial.end()) continue;
    EXPECT_EQ(std::count(group.members.begin(), group.members.end(), found->second), 1) << group.name;
  }
}

TEST_P(EveryProfile, names_tell_cases_apart) {
  const auto names = names_of(plan_of(options()));
  EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), names.size());
}

TEST_P(EveryProfile, members_of_a_group_differ_only_in_who_runs_and_over_which_channel) {
  std::map<std::string, Case> firsts;
  for (const auto& planned : plan_of(options()).cases) {
    const Case& c = planned.measured;
    const Case& first = firsts.try_emplace(planned.group, c).first->second;
    EXPECT_EQ(std::tie(c.workload, c.grain, c.batch, c.payload_bytes, c.placement),
              std::tie(first.workload, first.grain, first.batch, first.payload_bytes, first.placement));
    if (!c.has_links() || !first.has_links()) continue;
    EXPECT_EQ(std::tie(c.window, c.wait), std::tie(first.window, first.wait));
  }
}

TEST_P(EveryProfile, measures_until_all_is_decided_or_its_budget_is_spent) {
  const auto plan = plan_of(options(), 7);
  EXPECT_EQ(plan.rounds, std::nullopt);
  EXPECT_EQ(plan.laps, std::nullopt);
  EXPECT_GT(plan.budget_s, 0);
  EXPECT_EQ(plan.seed, 7U);
}

INSTANTIATE_TEST_SUITE_P(profiles, EveryProfile, ::testing::Values("quick", "standard", "full"),
                         [](const auto& profile) { return profile.param; });

TEST(Groups, contenders_that_are_too_many_to_be_alive_at_once_are_in_groups_that_keep_rows_together) {
  RunOptions options;
  options.workloads = {"empty"};
  options.executors = {"serial", "thread_pool", "process_pool"};
  options.channels = {"shm_ring", "pipe"};
  options.workers = {1, 2, 3};
  const auto plan = plan_of(options);
  ASSERT_EQ(plan.cases.size(), 13U);
  ASSERT_EQ(plan.groups.size(), 2U);
  EXPECT_EQ(plan.groups[0].name, plan.cases[0].group);
  EXPECT_EQ(plan.groups[1].name, plan.cases[0].group + "/part:2");
  for (const auto& group : plan.groups) {
    EXPECT_EQ(group.members.size(), 7U) << "serial, and both sides of three rows";
    EXPECT_EQ(group.rows.size(), 3U);
  }
}

TEST(Groups, a_contender_without_a_row_is_measured_all_the_same) {
  RunOptions options;
  options.workloads = {"empty"};
  options.executors = {"thread_pool"};
  options.channels = {"by_reference"};
  options.workers = {1, 2};
  const auto plan = plan_of(options);
  ASSERT_EQ(plan.groups.size(), 1U);
  EXPECT_EQ(plan.groups[0].members, (std::vector<std::size_t>{0, 1}));
  EXPECT_TRUE(plan.groups[0].rows.empty());
}

TEST(Groups, twins_are_each_contender_twice_and_compared_with_each_other_only) {
  RunOptions options;
  const auto once = names_of(plan_of(options));
  options.twins = true;
  const auto plan = plan_of(options);
  std::set<std::string> wanted;
  for (const auto& name : once) {
    if (name.find("/serial/") == std::string::npos) wanted.insert({name + "/program:A", name + "/program:B"});
  }
  const auto names = names_of(plan);
  EXPECT_EQ(std::set<std::string>(names.begin(), names.end()), wanted);
  EXPECT_EQ(plan.rows(), names.size() / 2);
  for (const auto& group : plan.groups) {
    for (const auto& row : group.rows) {
      auto name = names[row.a];
      EXPECT_EQ(name.substr(name.size() - 10), "/program:A");
      name.back() = 'B';
      EXPECT_EQ(names[row.b], name);
    }
  }
}

}  // namespace
}  // namespace mpmt::benchmarks
