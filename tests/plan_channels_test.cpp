// Plans of the family `channel`.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "benchmarks/record/plan_json.hpp"
#include "planning.hpp"

namespace mpmt::benchmarks {
namespace {

using ipc::Sides;
using pairs::Pattern;

RunOptions channel_options() {
  RunOptions options;
  options.family = "channel";
  return options;
}

class EveryChannelProfile : public ::testing::TestWithParam<std::string> {};

TEST_P(EveryChannelProfile, has_every_case_once_under_a_name_of_its_own) {
  auto options = channel_options();
  options.profile = GetParam();
  const auto plan = plan_of(options);
  std::set<std::string> names;
  for (const auto& planned : plan.cases) names.insert(planned.measured.name());
  EXPECT_GT(names.size(), 10U);
  EXPECT_EQ(names.size(), plan.cases.size());
  std::set<std::size_t> grouped;
  for (const auto& group : plan.groups) grouped.insert(group.members.begin(), group.members.end());
  EXPECT_EQ(grouped.size(), plan.cases.size());
}

TEST_P(EveryChannelProfile, has_floors_beside_the_channels_at_the_same_sizes_sides_and_placements) {
  auto options = channel_options();
  options.profile = GetParam();
  using Spot = std::tuple<std::size_t, Sides, executors::Placement>;
  std::set<Spot> channels;
  std::set<Spot> floors;
  for (const auto& [c, group, size_group] : plan_of(options).cases) {
    if (c.pair.pattern == Pattern::open_loop) continue;
    (c.pair.floor ? floors : channels).insert({c.pair.message_bytes, c.pair.sides, c.placement});
  }
  EXPECT_TRUE(std::includes(floors.begin(), floors.end(), channels.begin(), channels.end()));
}

TEST_P(EveryChannelProfile, measures_the_members_of_a_block_over_one_channel) {
  auto options = channel_options();
  options.profile = GetParam();
  const auto plan = plan_of(options);
  for (const auto& [block, members] : plan.size_groups()) {
    for (const Case* member : members) {
      EXPECT_EQ(member->channel, members.front()->channel);
      EXPECT_EQ(member->pair.message_bytes, members.front()->pair.message_bytes);
      EXPECT_EQ(member->wait, members.front()->wait);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(profiles, EveryChannelProfile, ::testing::Values("quick", "standard", "full"),
                         [](const auto& profile) { return profile.param; });

TEST(PlanChannels, a_case_survives_its_journey_through_json) {
  auto options = channel_options();
  options.patterns = {Pattern::ping_pong, Pattern::stream, Pattern::open_loop};
  options.touches = {true, false};
  options.rates = {1000, 2.5e6};
  for (const auto& [c, group, size_group] : plan_of(options).cases) {
    EXPECT_EQ(case_from(to_json(c)).name(), c.name());
    EXPECT_EQ(to_json(case_from(to_json(c))), to_json(c));
  }
}

TEST(PlanChannels, threads_use_either_futex_and_processes_the_shared_one) {
  auto options = channel_options();
  options.channels = {"shm_ring"};
  options.floors = {"none"};
  options.message_bytes = {64};
  options.patterns = {Pattern::ping_pong};
  options.placements = {executors::Placement::same};
  options.waits = {Wait::block};
  std::set<std::string> names;
  for (const auto& planned : plan_of(options).cases) names.insert(planned.measured.name());
  const std::string rest = "/ping_pong/bytes:64/window:1/placement:same/wait:block/futex:";
  EXPECT_EQ(names, (std::set{"shm_ring/threads" + rest + "private", "shm_ring/threads" + rest + "shared",
                             "shm_ring/processes" + rest + "shared"}));
}

TEST(PlanChannels, what_means_nothing_is_refused_with_the_options_name) {
  const auto expect_names = [](const RunOptions& options, const std::string& name) {
    EXPECT_EQ(refusal_of(options).rfind(name, 0), 0U) << refusal_of(options);
  };
  auto options = channel_options();
  options.workloads = {"empty"};
  expect_names(options, "--workload: ");
  options = channel_options();
  options.channels = {"nonsense"};
  expect_names(options, "--channel: ");
  options.channels = {"floor_pipe"};
  expect_names(options, "--channel: ");
  options.channels = {"by_reference"};
  options.sides = {Sides::processes};
  expect_names(options, "--channel: ");
  options = channel_options();
  options.rates = {10};
  expect_names(options, "--rate: ");
  options = channel_options();
  options.sides = {Sides::processes};
  options.futexes = {FutexScope::one_process};
  expect_names(options, "--futex: ");
  RunOptions pool;
  pool.sides = {Sides::threads};
  expect_names(pool, "--sides: ");
  pool = {};
  pool.rates = {5};
  expect_names(pool, "--rate: ");
}

TEST(PlanChannels, a_message_beyond_a_channels_limit_is_left_out_with_a_note) {
  auto options = channel_options();
  options.message_bytes = {std::size_t{1} << 20};
  const auto plan = plan_of(options);
  ASSERT_FALSE(plan.notes.empty());
  EXPECT_NE(plan.notes.front().find("floor_seqpacket"), std::string::npos) << plan.notes.front();
  EXPECT_NE(plan.notes.front().find("1048576"), std::string::npos) << plan.notes.front();
}

TEST(PlanChannels, is_offered_to_scripts_but_for_what_does_not_cost_time) {
  auto options = channel_options();
  options.patterns = {Pattern::stream, Pattern::open_loop};
  const auto json = to_json(plan_of(options), "key");
  for (const auto& planned : json.at("cases")) {
    EXPECT_TRUE(planned.at("workload_kind").is_null());
    EXPECT_EQ(planned.at("divides"), 1);
    EXPECT_EQ(planned.at("runnable"), planned.at("case").at("pattern") == "stream");
    EXPECT_EQ(planned.at("case").at("family"), "channel");
  }
}

TEST(PlanChannels, floors_are_all_there_are_unless_some_are_named) {
  const auto floors_of = [](const std::vector<std::string>& asked) {
    auto options = channel_options();
    options.floors = asked;
    std::set<std::string> names;
    for (const auto& one : plan_of(options).cases) {
      if (one.measured.pair.floor) names.insert(one.measured.channel);
    }
    return names;
  };
  std::set<std::string> all;
  for (const auto& floor : ipc::FloorCatalog::instance().all()) all.emplace(floor.name);
  EXPECT_EQ(floors_of({}), all);
  EXPECT_EQ(floors_of({"all"}), all);
  EXPECT_EQ(floors_of({"none"}), std::set<std::string>());
  EXPECT_EQ(floors_of({"floor_pipe", "floor_pipe"}), std::set<std::string>{"floor_pipe"});
  auto options = channel_options();
  options.floors = {"none", "floor_pipe"};
  expect_refused(options, {"--floor", "'none' stands alone", "floor_pipe"});
  options.floors = {"floor_seqpacket"};
  options.message_bytes = {std::size_t{16} << 20};
  expect_refused(options, {"--message-bytes", "floor_seqpacket"});
  options.message_bytes.clear();
  options.patterns = {Pattern::open_loop};
  expect_refused(options, {"--floor", "open_loop"});
}

}  // namespace
}  // namespace mpmt::benchmarks
