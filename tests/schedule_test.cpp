// What every profile plans, and in which order.
#include <gtest/gtest.h>

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

TEST_P(EveryProfile, every_case_comes_once_a_round) {
  const auto plan = plan_of(options());
  ASSERT_GT(plan.cases.size(), 0U);
  EXPECT_EQ(plan.turns.size(), plan.cases.size() * static_cast<std::size_t>(plan.rounds));
  std::map<int, std::set<std::size_t>> rounds;
  int round = 0;
  for (const auto& turn : plan.turns) {
    EXPECT_GE(turn.round, round) << "rounds overlap";
    round = turn.round;
    EXPECT_TRUE(rounds[turn.round].insert(turn.planned).second) << "twice in a round";
  }
  EXPECT_EQ(rounds.size(), static_cast<std::size_t>(plan.rounds));
}

TEST_P(EveryProfile, names_tell_cases_apart) {
  const auto names = names_of(plan_of(options()));
  EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), names.size());
}

TEST_P(EveryProfile, cases_that_are_compared_run_next_to_each_other) {
  const auto plan = plan_of(options());
  using Key = std::pair<std::string, int>;
  std::map<Key, std::size_t> members;
  for (const auto& planned : plan.cases) ++members[{planned.group, planned.measured.workers}];
  for (std::size_t at = 0; at < plan.turns.size();) {
    const auto key_at = [&](std::size_t i) {
      const auto& planned = plan.cases[plan.turns[i].planned];
      return Key(planned.group, planned.measured.workers);
    };
    const auto key = key_at(at);
    for (std::size_t k = 0; k < members.at(key); ++k) ASSERT_EQ(key_at(at + k), key) << "turn " << at + k;
    at += members.at(key);
  }
}

TEST_P(EveryProfile, groups_run_as_a_whole) {
  const auto plan = plan_of(options());
  std::set<std::pair<int, std::string>> left;
  std::pair<int, std::string> current;
  for (const auto& turn : plan.turns) {
    const std::pair next(turn.round, plan.cases[turn.planned].group);
    if (next == current) continue;
    EXPECT_TRUE(left.insert(next).second) << "group " << next.second << " comes twice in round " << next.first;
    current = next;
  }
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

TEST_P(EveryProfile, the_seed_alone_decides_the_order) {
  const auto order = [&](std::uint64_t seed) {
    std::vector<std::pair<int, std::size_t>> turns;
    for (const auto& turn : plan_of(options(), seed).turns) turns.emplace_back(turn.round, turn.planned);
    return turns;
  };
  EXPECT_EQ(order(1), order(1));
  EXPECT_NE(order(1), order(2));
}

TEST_P(EveryProfile, rounds_differ_in_their_order) {
  const auto plan = plan_of(options());
  const auto cases = plan.cases.size();
  const auto planned = [&](std::size_t turn) { return plan.turns[turn].planned; };
  bool differ = false;
  for (std::size_t i = 0; i < cases; ++i) differ |= planned(i) != planned(cases + i);
  EXPECT_TRUE(differ);
}

INSTANTIATE_TEST_SUITE_P(profiles, EveryProfile, ::testing::Values("quick", "standard", "full"),
                         [](const auto& profile) { return profile.param; });

}  // namespace
}  // namespace mpmt::benchmarks
