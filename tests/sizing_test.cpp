// Tasks per block, and how long a run takes, from what pilots measured.
#include "benchmarks/run/sizing.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace mpmt::benchmarks {
namespace {

constexpr std::chrono::milliseconds kWantedBlock{80};

Plan sized_plan(const RunOptions& options) {
  return make_plan(options, {own_program()}, 2, 1, [](const Case&, const TimeWish&) { return std::uint64_t{1}; });
}

/// empty over the channels named, at these worker counts.
Plan sized_plan(std::vector<std::string> channels, std::vector<int> workers) {
  RunOptions options;
  options.workloads = {"empty"};
  options.channels = std::move(channels);
  options.workers = std::move(workers);
  return sized_plan(options);
}

/// A figure for every case, by executor and channel.
Figures equal_figures(const Plan& plan, double serial_ns, double pool_ns, double beside_s = 0.02) {
  Figures figures;
  for (const auto& planned : plan.cases) {
    figures[planned.measured.name()] = {planned.measured.has_links() ? pool_ns : serial_ns, beside_s};
  }
  return figures;
}

TEST(Sizing, every_executor_and_channel_is_piloted_with_its_fewest_and_its_most_workers) {
  const auto plan = sized_plan({"tcp_loopback", "shm_ring"}, {2, 4, 8});
  const auto size_groups = plan.size_groups();
  ASSERT_EQ(size_groups.size(), 1U);
  std::map<std::string, std::vector<int>> piloted;
  for (const Case* member : to_be_piloted(size_groups.begin()->second)) {
    piloted[member->executor + " " + member->channel].push_back(member->workers);
  }
  const std::vector<int> both{2, 8};
  const std::map<std::string, std::vector<int>> wanted{{"serial ", {1}},
                                                       {"thread_pool tcp_loopback", both},
                                                       {"thread_pool shm_ring", both},
                                                       {"process_pool tcp_loopback", both},
                                                       {"process_pool shm_ring", both}};
  EXPECT_EQ(piloted, wanted);
}

TEST(Sizing, channels_of_a_block_are_all_piloted) {
  RunOptions options;
  options.family = "channel";
  const auto plan = sized_plan(options);
  for (const auto& [size_group, members] : plan.size_groups()) EXPECT_EQ(to_be_piloted(members).size(), members.size());
}

TEST(Sizing, the_slowest_that_was_measured_decides_whatever_its_workers) {
  const auto plan = sized_plan({"tcp_loopback"}, {2});
  const auto members = plan.size_groups().begin()->second;
  // 35 ns alone, 9.6 us over the channel: 8334 tasks, not two million.
  const auto tasks = tasks_for(equal_figures(plan, 35, 9600), members, kWantedBlock);
  EXPECT_EQ(tasks, 8334U);
  const auto wide = sized_plan({"tcp_loopback"}, {1, 16});
  Figures figures = equal_figures(wide, 35, 1000);
  for (auto& [name, figure] : figures) {
    if (name.find("process_pool") != std::string::npos && name.find("workers:16") != std::string::npos)
      figure.ns_per_task = 80'000;
  }
  EXPECT_EQ(tasks_for(figures, wide.size_groups().begin()->second, kWantedBlock), 1008U) << "a multiple of 16";
}

TEST(Sizing, pilots_that_failed_do_not_count_and_without_any_a_block_is_small) {
  const auto plan = sized_plan({"tcp_loopback"}, {2});
  const auto members = plan.size_groups().begin()->second;
  EXPECT_EQ(tasks_for(equal_figures(plan, 8000, 0), members, kWantedBlock), 10'000U);
  EXPECT_EQ(tasks_for(equal_figures(plan, 0, 0), members, kWantedBlock), 2U);
}

TEST(Sizing, blocks_are_short_where_they_hold_many_tasks_beside_those_in_flight) {
  struct Row {
    const char* what;
    std::size_t window;
    std::uint64_t batch;
    double ns;  // of a task; the short block is 1 ms
    bool is_short;
  };
  for (const auto& row : std::vector<Row>{{"many", 2, 1, 10'000, true},
                                          {"16 and no more", 2, 1, 62'500, true},
                                          {"fewer than 16", 2, 1, 62'600, false},
                                          {"four times 2 x 64 in flight", 64, 1, 1950, true},
                                          {"not four times as many", 64, 1, 1960, false},
                                          {"the same in batches", 2, 32, 1950, true},
                                          {"in larger batches", 2, 64, 1950, false},
                                          {"split: all in flight", 2, 0, 10, false},
                                          {"unknown", 2, 1, 0, false}}) {
    RunOptions options;
    options.workloads = {"empty"};
    options.executors = {"thread_pool"};
    options.workers = {2};
    options.windows = {row.window};
    options.batches = {row.batch};
    const auto plan = sized_plan(options);
    const auto size_groups = plan.size_groups();
    const auto found = block_of(plan, equal_figures(plan, row.ns, row.ns), size_groups.begin()->second);
    EXPECT_EQ(found, row.is_short ? plan.short_block_time : plan.block_time) << row.what;
  }
}

TEST(Sizing, a_block_that_was_asked_for_is_not_shortened) {
  RunOptions options;
  options.workloads = {"empty"};
  options.block_time = std::chrono::milliseconds(7);
  const auto plan = sized_plan(options);
  const auto size_groups = plan.size_groups();
  EXPECT_EQ(block_of(plan, equal_figures(plan, 100, 100), size_groups.begin()->second), std::chrono::milliseconds(7));
}

TEST(Sizing, an_open_loop_has_as_many_messages_as_its_rate_and_time) {
  RunOptions options;
  options.family = "channel";
  options.patterns = {pairs::Pattern::open_loop};
  options.rates = {5000};
  const auto plan = sized_plan(options);
  const auto size_groups = plan.size_groups();
  EXPECT_EQ(tasks_for({}, size_groups.begin()->second, kWantedBlock), 400U);
}

TEST(Sizing, between_the_fewest_and_the_most_workers_costs_follow_a_power) {
  const auto plan = sized_plan({"shm_ring"}, {1, 2, 4, 16});
  const auto members = plan.size_groups().begin()->second;
  Figures figures;
  for (const Case* member : to_be_piloted(members)) {
    figures[member->name()] = {member->workers == 1 ? 1600.0 : 100.0, member->workers == 1 ? 0.01 : 0.16};
  }
  for (const Case* member : members) {
    if (member->executor != "thread_pool") continue;
    EXPECT_NEAR(figure_of(figures, members, *member).ns_per_task, 1600.0 / member->workers, 1e-6);
    EXPECT_NEAR(figure_of(figures, members, *member).beside_s, 0.01 * member->workers, 1e-9);
  }
}

TEST(Sizing, a_failed_end_does_not_make_the_others_nothing) {
  const auto plan = sized_plan({"shm_ring"}, {1, 2, 4});
  const auto members = plan.size_groups().begin()->second;
  Figures figures;
  for (const Case* member : to_be_piloted(members))
    figures[member->name()] = {member->workers == 4 ? 0.0 : 500.0, 0.01};
  for (const Case* member : members) {
    if (member->workers != 2) continue;
    EXPECT_EQ(figure_of(figures, members, *member).ns_per_task, 500);
  }
}

/// With the fifth of a block that settles, and what a block takes beside its tasks.
double lap_seconds_of(double ns_per_task, double tasks) {
  return 0.0002 + ns_per_task * 1e-9 * tasks * 1.2;
}

TEST(Sizing, the_time_of_a_run_is_at_least_what_its_first_looks_take_and_at_most_its_budget) {
  auto plan = sized_plan({"tcp_loopback"}, {2});  // serial, thread_pool, process_pool: one group
  plan.laps = 2;
  plan.budget_s = 50;
  const std::map<std::string, std::uint64_t> tasks{{plan.cases.front().size_group, 10'000}};
  const auto figures = equal_figures(plan, 40, 8000);
  const double pool = 0.02 + 3 * lap_seconds_of(8000, 10'000);
  const double serial = 0.02 + 3 * lap_seconds_of(40, 10'000);
  const auto until_decided = expected_seconds(plan, figures, tasks);
  EXPECT_NEAR(until_decided.first_part_s, 6 * (serial + 2 * pool), 1e-9);
  EXPECT_EQ(until_decided.most_s, 50);
  plan.rounds = 5;
  const auto fixed = expected_seconds(plan, figures, tasks);
  EXPECT_NEAR(fixed.first_part_s, 5 * (serial + 2 * pool), 1e-9);
  EXPECT_EQ(fixed.most_s, fixed.first_part_s);
}

TEST(Sizing, the_time_of_a_run_follows_the_tasks_that_were_asked_for) {
  const auto plan = sized_plan({"tcp_loopback"}, {2});
  const auto figures = equal_figures(plan, 40, 8000);
  const auto at = [&](std::uint64_t tasks) {
    return expected_seconds(plan, figures, {{plan.cases.front().size_group, tasks}});
  };
  EXPECT_LT(at(10).first_part_s, 1);
  EXPECT_GT(at(2'200'000).first_part_s, 170);
  EXPECT_GE(at(2'200'000).most_s, at(2'200'000).first_part_s) << "also beyond the budget";
}

TEST(Sizing, a_round_begins_with_fewer_laps_where_the_first_looks_would_take_most_of_the_budget) {
  auto plan = sized_plan({"tcp_loopback"}, {2});
  const std::map<std::string, std::uint64_t> tasks{{plan.cases.front().size_group, 3'000}};
  const auto figures = equal_figures(plan, 40, 8000);
  const auto at = [&](double budget_s) {
    plan.budget_s = budget_s;
    return expected_seconds(plan, figures, tasks);
  };
  EXPECT_EQ(at(1000).laps, kFirstLaps);
  EXPECT_EQ(at(1).laps, kLeastLaps) << "fewer say too little";
  EXPECT_GT(at(1).first_part_s, 1);
  const auto between = at(15);
  EXPECT_LT(between.laps, kFirstLaps);
  EXPECT_GT(between.laps, kLeastLaps);
  EXPECT_LE(between.first_part_s, 0.4 * 15);
  plan.laps = 30;
  EXPECT_EQ(at(1).laps, 30) << "as asked for";
  plan.laps = std::nullopt;
  plan.rounds = 3;
  EXPECT_EQ(at(1).laps, kFirstLaps) << "no budget holds";
}

TEST(Sizing, a_case_of_several_groups_is_measured_in_each) {
  auto plan = sized_plan({"tcp_loopback"}, {2});
  const std::map<std::string, std::uint64_t> tasks{{plan.cases.front().size_group, 100}};
  const auto figures = equal_figures(plan, 40, 8000);
  const auto once = expected_seconds(plan, figures, tasks).first_part_s;
  plan.groups.push_back(plan.groups.front());
  EXPECT_NEAR(expected_seconds(plan, figures, tasks).first_part_s, 2 * once, 1e-9);
}

TEST(Sizing, a_trial_that_fails_counts_with_the_time_until_it_does) {
  auto plan = sized_plan({"tcp_loopback"}, {2});
  plan.rounds = 5;
  plan.laps = 1;
  const std::map<std::string, std::uint64_t> tasks{{plan.cases.front().size_group, 100}};
  EXPECT_NEAR(expected_seconds(plan, equal_figures(plan, 0, 0, 2.0), tasks).most_s, 3 * 5 * (2.0 + 2 * 0.0002), 1e-9);
}

TEST(Sizing, before_the_pilots_the_time_of_a_run_is_guessed) {
  auto plan = sized_plan({"tcp_loopback"}, {2});
  const auto until_decided = guessed_seconds(plan);
  EXPECT_GT(until_decided.first_part_s, 0);
  EXPECT_GE(until_decided.most_s, plan.budget_s);
  plan.rounds = 100;
  EXPECT_GT(guessed_seconds(plan).first_part_s, until_decided.first_part_s);
  EXPECT_EQ(guessed_seconds(plan).most_s, guessed_seconds(plan).first_part_s);
}

TEST(Sizing, a_fifth_of_a_block_settles_and_two_messages_a_worker_at_least) {
  struct Row {
    int workers;
    std::uint64_t batch;
    std::uint64_t tasks;
    std::uint64_t wanted;
  };
  for (const auto& row : std::vector<Row>{{1, 1, 1000, 200},
                                          {4, 1, 1000, 200},
                                          {4, 50, 1000, 400},
                                          {4, 1000, 1000, 1000},
                                          {2, 1, 4, 4},
                                          {2, 1, 10, 4},
                                          {2, 0, 100, 100},
                                          {1, 1, 1, 1}}) {
    Case measured;
    measured.workers = row.workers;
    measured.batch = row.batch;
    EXPECT_EQ(settle_tasks(measured, row.tasks, Figure{}), row.wanted)
        << row.workers << " workers, batch " << row.batch << ", " << row.tasks << " tasks";
  }
}

TEST(Sizing, a_pilot_grows_towards_its_length_but_never_by_more_than_64) {
  using std::chrono::microseconds;
  using std::chrono::milliseconds;
  EXPECT_EQ(next_pilot(2, microseconds(1), milliseconds(8)), 128U);
  EXPECT_EQ(next_pilot(100, milliseconds(1), milliseconds(8)), 1000U);
  EXPECT_EQ(next_pilot(100, milliseconds(7), milliseconds(8)), 200U) << "always on";
  EXPECT_EQ(next_pilot(6, milliseconds(0), milliseconds(8)), 384U);
}

TEST(Sizing, a_trial_is_cut_at_ten_times_its_length_and_not_before_a_pause_is_over) {
  EXPECT_NEAR(cut_after_s({100, 0.02}, 800'000, kWantedBlock), 2 + 10 * (0.02 + 0.08), 1e-9);
  EXPECT_NEAR(cut_after_s({0, 0.02}, 1, kWantedBlock), 2 + 10 * (0.02 + 0.08), 1e-9);
  EXPECT_GT(cut_after_s({5e9, 0.02}, 2, kWantedBlock), 100) << "a task that takes long by itself";
}

TEST(Sizing, a_grain_is_timed_with_tasks_for_a_block_however_long_they_are) {
  EXPECT_EQ(tasks_to_calibrate(1e3), 40'000U);
  EXPECT_EQ(tasks_to_calibrate(10e6), 8U) << "variants differ";
  EXPECT_EQ(tasks_to_calibrate(100e6), 2U);
  EXPECT_EQ(tasks_to_calibrate(10e9), 1U);
}

}  // namespace
}  // namespace mpmt::benchmarks
