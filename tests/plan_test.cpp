// From options to cases.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "planning.hpp"

namespace mpmt::benchmarks {
namespace {

std::set<std::string> different(const Plan& plan, std::string Case::*field) {
  std::set<std::string> values;
  for (const auto& planned : plan.cases) values.insert(planned.measured.*field);
  return values;
}

template <class Part>
std::set<std::string> catalogue() {
  std::set<std::string> names;
  for (const auto& part : Catalog<Part>::instance().all()) names.emplace(part.name);
  return names;
}

TEST(Plan, every_workload_is_in_the_standard_profile_and_but_for_mixtures_in_the_quick_one) {
  RunOptions options;
  auto known = catalogue<workloads::Description>();
  options.profile = "standard";
  EXPECT_EQ(different(plan_of(options), &Case::workload), known);
  options.profile = "quick";
  known.erase("mixed_wait");
  EXPECT_EQ(different(plan_of(options), &Case::workload), known);
}

TEST(Plan, options_replace_the_profiles_axes_and_repeat_nothing) {
  RunOptions options;
  options.workloads = {"empty", "empty"};
  options.executors = {"thread_pool"};
  options.channels = {"boost_queue"};
  options.workers = {3, 3, 1};
  options.grains = {std::uint64_t{5}};
  options.batches = {0, 2};
  options.windows = {7};
  options.payloads = {16};
  options.placements = {executors::Placement::same};
  options.waits = {executors::Wait::spin};
  options.rounds = 2;
  options.laps = 4;
  options.budget_s = 7;
  options.block_time = std::chrono::milliseconds(11);
  const auto plan = plan_of(options);
  const std::string prefix = "empty/thread_pool/boost_queue/workers:";
  const std::string suffix = "/payload:16/window:7/placement:same/wait:spin";
  const std::vector<std::string> wanted{prefix + "3/grain:5/batch:split" + suffix,
                                        prefix + "1/grain:5/batch:split" + suffix,
                                        prefix + "3/grain:5/batch:2" + suffix, prefix + "1/grain:5/batch:2" + suffix};
  EXPECT_EQ(names_of(plan), wanted);
  EXPECT_EQ(plan.rounds, 2);
  EXPECT_EQ(plan.laps, 4);
  EXPECT_EQ(plan.budget_s, 7);
  EXPECT_EQ(plan.block_time, std::chrono::milliseconds(11));
  EXPECT_EQ(plan.rows(), 0U) << "nobody to compare with";
}

TEST(Plan, an_executor_without_links_appears_once_however_many_windows_there_are) {
  RunOptions options;
  options.workloads = {"empty"};
  options.executors = {"serial"};
  options.windows = {1, 2, 64};
  options.workers = {1, 2, 4};
  EXPECT_EQ(names_of(plan_of(options)),
            std::vector<std::string>{"empty/serial/grain:1/batch:1/payload:0/placement:spread"});
}

TEST(Plan, each_executor_runs_on_every_chosen_channel_that_it_can_use) {
  RunOptions options;
  options.workloads = {"empty"};
  options.executors = {"process_pool", "thread_pool"};
  options.channels = {"boost_queue", "by_reference"};
  options.workers = {1};
  std::set<std::string> pairs;
  for (const auto& planned : plan_of(options).cases) {
    pairs.insert(planned.measured.executor + " " + planned.measured.channel);
  }
  EXPECT_EQ(pairs,
            (std::set<std::string>{"process_pool boost_queue", "thread_pool boost_queue", "thread_pool by_reference"}));
}

/// Channels by grain.
std::map<std::uint64_t, std::set<std::string>> channels_of(const Plan& plan) {
  std::map<std::uint64_t, std::set<std::string>> found;
  for (const auto& planned : plan.cases) {
    if (planned.measured.has_links()) found[planned.measured.grain].insert(planned.measured.channel);
  }
  return found;
}

TEST(Plan, standard_measures_long_tasks_over_few_channels_unless_channels_are_asked_for) {
  RunOptions options;
  options.profile = "standard";
  options.workloads = {"hash_chain"};
  const auto usual = plan_of(options);
  auto of = channels_of(usual);
  ASSERT_EQ(of.size(), 2U);
  EXPECT_EQ(of.begin()->second.size(), ipc::ChannelCatalog::instance().all().size());
  EXPECT_EQ(of.rbegin()->second, (std::set<std::string>{"boost_queue", "shm_ring", "tcp_loopback"}));
  EXPECT_TRUE(std::any_of(usual.notes.begin(), usual.notes.end(),
                          [](const auto& note) { return note.find("--channel all") != std::string::npos; }));

  options.grains = {of.rbegin()->first * 2};
  EXPECT_EQ(channels_of(plan_of(options)).begin()->second.size(), 3U) << "longer still";
  for (const auto& [channels, count] : std::map<std::vector<std::string>, std::size_t>{
           {{"pipe"}, 1}, {{"all"}, ipc::ChannelCatalog::instance().all().size()}}) {
    options.channels = channels;
    const auto asked = plan_of(options);
    EXPECT_EQ(channels_of(asked).begin()->second.size(), count);
    EXPECT_TRUE(asked.notes.empty());
  }
}

TEST(Plan, what_a_step_throws_ends_the_making_of_a_plan_that_would_take_for_ever) {
  struct Asked {};
  RunOptions pools;
  RunOptions channels;
  channels.family = "channel";
  channels.patterns = {pairs::Pattern::open_loop};
  for (int i = 1; i <= 3000; ++i) {
    pools.grains.emplace_back(std::uint64_t(i));
    pools.batches.push_back(std::uint64_t(i));
    pools.windows.push_back(std::size_t(i));
    channels.message_bytes.push_back(8 * std::size_t(i));
    channels.rates.push_back(i);
    channels.windows.push_back(std::size_t(i));
  }
  for (const auto& options : {pools, channels}) {
    int steps = 0;
    const auto step = [&] {
      if (++steps == 100) throw Asked();
    };
    EXPECT_THROW(make_plan(options, own_programs(options), kCpus, kSeed, no_calibration, step), Asked);
  }
}

TEST(Plan, unknown_names_are_refused_with_the_option_and_what_is_known) {
  RunOptions options;
  options.workloads = {"empty", "nap"};
  expect_refused(options, {"--workload", "'nap'", "prime_count"});
  options = {};
  options.executors = {"magic"};
  expect_refused(options, {"--executor", "'magic'", "thread_pool"});
  options = {};
  options.channels = {""};
  expect_refused(options, {"--channel", "''", "boost_queue"});
}

TEST(Plan, a_channel_that_an_executor_cannot_use_is_refused_with_those_it_can) {
  RunOptions options;
  options.executors = {"process_pool"};
  options.channels = {"by_reference"};
  expect_refused(options, {"--channel", "'by_reference'", "process_pool", "boost_queue"});
  options.executors = {"serial"};
  expect_refused(options, {"--channel", "none of the chosen executors"});
}

TEST(Plan, a_payload_beyond_a_channels_limit_is_refused_with_the_limit) {
  for (const auto& channel : ipc::ChannelCatalog::instance().all()) {
    RunOptions options;
    options.workloads = {"payload_copy"};
    options.executors = {"thread_pool"};
    options.channels = {std::string(channel.name)};
    options.payloads = {channel.max_payload_bytes};
    if (!channel.between_threads) continue;
    EXPECT_EQ(refusal_of(options), "accepted");
    options.batches = {2};
    expect_refused(options, {"--payload", std::string(channel.name), std::to_string(channel.max_payload_bytes)});
    options.batches.clear();
    options.payloads = {channel.max_payload_bytes + 1};
    expect_refused(options, {"--payload", std::string(channel.name), std::to_string(channel.max_payload_bytes)});
    options.payloads = {std::size_t{1} << 40};
    options.batches = {std::uint64_t{1} << 32};  // their product does not fit 64 bits
    expect_refused(options, {"--payload"});
  }
}

TEST(Plan, a_payload_below_a_workloads_least_is_refused) {
  RunOptions options;
  options.workloads = {"payload_copy"};
  options.payloads = {0};
  expect_refused(options, {"--payload", "payload_copy", "at least 1"});
}

TEST(Plan, a_workload_that_takes_waiting_waits_half_its_time_or_as_much_as_is_asked_for) {
  RunOptions options;
  options.workloads = {"mixed_wait"};
  const auto waitings = [&] {
    std::set<std::optional<int>> found;
    for (const auto& one : plan_of(options).cases) found.insert(one.measured.waiting_percent);
    return found;
  };
  EXPECT_EQ(waitings(), std::set<std::optional<int>>{50});
  options.waitings = {70, 0, 70};
  EXPECT_EQ(waitings(), (std::set<std::optional<int>>{0, 70}));
}

TEST(Plan, equal_shares_of_waiting_are_compared_and_others_are_not) {
  RunOptions options;
  options.workloads = {"mixed_wait"};
  options.waitings = {0, 70};
  const auto plan = plan_of(options);
  EXPECT_GT(plan.rows(), 0U);
  for (const auto& group : plan.groups) {
    for (const auto& row : group.rows) {
      EXPECT_EQ(plan.cases[row.a].measured.waiting_percent, plan.cases[row.b].measured.waiting_percent);
    }
  }
}

TEST(Plan, a_share_of_waiting_is_refused_by_workloads_that_take_none) {
  RunOptions options;
  options.waitings = {70};
  for (const auto& workloads : std::vector<std::vector<std::string>>{{"hash_chain"}, {"mixed_wait", "hash_chain"}}) {
    options.workloads = workloads;
    expect_refused(options, {"--waiting", "'hash_chain' takes none", "workloads that take it: mixed_wait"});
  }
  options.workloads.clear();  // the quick profile has none that takes it
  expect_refused(options, {"--waiting", "mixed_wait"});

  options.workloads = {"all"};
  for (const auto& one : plan_of(options).cases) {
    const auto& measured = one.measured;
    EXPECT_EQ(measured.waiting_percent, measured.workload == "mixed_wait" ? std::optional(70) : std::nullopt);
  }
}

TEST(Plan, each_share_of_waiting_has_a_grain_of_its_own_where_that_is_given_as_a_time) {
  RunOptions options;
  options.workloads = {"mixed_wait"};
  options.waitings = {20, 70};
  options.grains = {TimeWish{std::chrono::milliseconds(5)}};
  const auto calibrate = [](const Case& serial, const TimeWish&) {
    return static_cast<std::uint64_t>(*serial.waiting_percent + 1000);
  };
  for (const auto& one : make_plan(options, own_programs(options), kCpus, kSeed, calibrate).cases) {
    EXPECT_EQ(one.measured.grain, static_cast<std::uint64_t>(*one.measured.waiting_percent + 1000));
  }
}

TEST(Plan, a_grain_given_as_a_time_is_calibrated_or_refused) {
  RunOptions options;
  options.workloads = {"prime_count"};
  options.grains = {TimeWish{std::chrono::microseconds(100)}};
  options.batches = {16};
  const auto calibrate = [](const Case& serial, const TimeWish& wish) {
    EXPECT_EQ(serial.workload, "prime_count");
    EXPECT_EQ(serial.executor, "serial");
    EXPECT_EQ(serial.batch, 16U);
    EXPECT_EQ(wish.time, std::chrono::microseconds(100));
    return std::uint64_t{777};
  };
  const auto plan = make_plan(options, own_programs(options), kCpus, kSeed, calibrate);
  for (const auto& planned : plan.cases) EXPECT_EQ(planned.measured.grain, 777U);
  options.workloads = {"empty"};
  expect_refused(options, {"--grain", "'empty'"});
}

TEST(Plan, all_is_everything_in_the_catalogue) {
  RunOptions options;
  options.workloads = options.executors = options.channels = {"all"};
  const auto plan = plan_of(options);
  EXPECT_EQ(different(plan, &Case::workload), catalogue<workloads::Description>());
  EXPECT_EQ(different(plan, &Case::executor), catalogue<executors::Description>());
  auto channels = catalogue<ipc::Description>();
  channels.emplace("");  // of executors without links
  EXPECT_EQ(different(plan, &Case::channel), channels);
}

TEST(Plan, all_leaves_out_with_a_word_what_does_not_fit) {
  RunOptions options;
  options.executors = {"process_pool"};
  options.channels = {"all"};
  const auto used = different(plan_of(options), &Case::channel);
  EXPECT_FALSE(used.contains("by_reference"));
  EXPECT_TRUE(used.contains("shm_ring"));

  options = {};
  options.workloads = {"payload_copy"};
  options.channels = {"all"};
  const auto& known = ipc::ChannelCatalog::instance().all();
  const auto least = std::min_element(known.begin(), known.end(), [](const auto& a, const auto& b) {
    return a.max_payload_bytes < b.max_payload_bytes;
  });
  options.payloads = {least->max_payload_bytes + 1};
  const auto large = plan_of(options);
  EXPECT_FALSE(different(large, &Case::channel).contains(std::string(least->name)));
  EXPECT_FALSE(large.notes.empty());

  options = {};
  options.workloads = {"all"};
  options.payloads = {0};
  const auto bare = plan_of(options);
  EXPECT_FALSE(different(bare, &Case::workload).contains("payload_copy"));
  EXPECT_EQ(bare.notes.size(), 1U);

  options = {};
  options.workloads = {"all"};
  options.grains = {TimeWish{std::chrono::microseconds(100)}};
  const auto timed = make_plan(options, own_programs(options), kCpus, kSeed,
                               [](const Case&, const TimeWish&) { return std::uint64_t{7}; });
  EXPECT_FALSE(different(timed, &Case::workload).contains("empty"));
  EXPECT_EQ(timed.notes.size(), 1U);
}

TEST(Plan, all_bare_channels_are_those_that_serve_the_sides) {
  RunOptions options;
  options.family = "channel";
  options.channels = {"all"};
  options.sides = {ipc::Sides::processes};
  options.floors = {"none"};
  options.message_bytes = {std::size_t{1} << 20};
  const auto used = different(plan_of(options), &Case::channel);
  EXPECT_FALSE(used.contains("by_reference"));
  EXPECT_TRUE(used.contains("pipe"));
}

TEST(Plan, laps_may_be_given_as_blocks_or_as_a_time_as_google_benchmark_does) {
  RunOptions options;
  options.min_blocks = 10;
  EXPECT_EQ(plan_of(options).laps, 10);
  options = {};
  options.min_time_s = 100.5 * std::chrono::duration<double>(plan_of({}).block_time).count();
  EXPECT_EQ(plan_of(options).laps, 101);
  options.laps = 9;
  EXPECT_EQ(plan_of(options).laps, 9);
}

}  // namespace
}  // namespace mpmt::benchmarks
