// Which group has its next round: made-up rounds, so that all is as it is worked out here.
#include "benchmarks/run/dealer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "resolved.hpp"

namespace mpmt::benchmarks {
namespace {

constexpr int kLookAt = 6;        ///< the rounds of a first look
constexpr int kConfirmedBy = 14;  ///< those of a winner that is found at the first look

Case contender(const std::string& executor, int workers) {
  Case c;
  c.workload = "empty";
  c.executor = executor;
  c.channel = executor == "serial" ? "" : "shm_ring";
  c.workers = workers;
  return resolved(c);
}

/// A group of serial and of `pairs` pairs: members 0, then threads and processes in turn.
void add_group(Plan& plan, int pairs) {
  const auto name = "group " + std::to_string(plan.groups.size());
  const auto grain = plan.groups.size() + 1;
  Group group{name, {}, {}};
  const auto add = [&](Case c) {
    c.grain = grain;
    group.members.push_back(plan.cases.size());
    plan.cases.push_back({c, name, name});
    return plan.cases.size() - 1;
  };
  add(contender("serial", 1));
  for (int workers = 1; workers <= pairs; ++workers) {
    const auto threads = add(contender("thread_pool", workers));
    group.rows.push_back({threads, add(contender("process_pool", workers))});
  }
  plan.groups.push_back(std::move(group));
}

Plan plan_of_groups(int groups, int pairs = 1) {
  Plan plan;
  for (int i = 0; i < groups; ++i) add_group(plan, pairs);
  plan.budget_s = 1e9;
  plan.seed = 3;
  return plan;
}

Rules rules_of_rows(const Plan& plan) {
  Rules rules;
  rules.rows = static_cast<int>(plan.rows());
  return rules;
}

/// What the processes of a row take, the threads taking 1: in one round, lap by lap.
using RatioOf = std::function<double(std::size_t processes, int round, int lap)>;

double same(std::size_t, int round, int lap) {
  constexpr double pattern[] = {0.3, -1.1, 0.9, -0.4, 1.3, -1.0, 0.0};
  return std::exp(0.001 * (pattern[round % 7] + pattern[lap % 7]));
}

double slower(std::size_t processes, int round, int lap) {
  return 1.5 * same(processes, round, lap);
}

/// Never within the margin, and never sure.
double wild(std::size_t, int round, int) {
  constexpr double swings[] = {1.3, 0.8, 1.15, 0.7, 1.4, 0.9, 1.05};
  return swings[round % 7];
}

std::vector<Measured> performed(const Plan& plan, const Deal& deal, const RatioOf& ratio) {
  std::vector<Measured> all;
  for (const auto member : deal.members) {
    auto& measured = all.emplace_back();
    measured.planned = member;
    measured.round = deal.round;
    const Case& c = plan.cases[member].measured;
    measured.trial.assignment.measured = c;
    for (int lap = 0; lap < deal.laps; ++lap) {
      executors::Block block;
      block.tasks = 1;
      const double factor = c.executor == "process_pool" ? ratio(member, deal.round, lap) : 1;
      block.wall_ns = std::llround(1e9 * factor);
      measured.laps.push_back(block);
    }
  }
  return all;
}

Cost cost_of(const Deal& deal, double seconds) {
  return {seconds / 2, seconds / 2, deal.laps + 1};
}

/// Deals and takes until nothing is dealt any more; what was dealt.
std::vector<Deal> all_deals(const Plan& plan, Dealer& dealer, const RatioOf& ratio, double seconds = 1) {
  std::vector<Deal> deals;
  while (const auto deal = dealer.next(seconds * double(deals.size()))) {
    deals.push_back(*deal);
    dealer.take(*deal, performed(plan, *deal, ratio), cost_of(*deal, seconds));
    if (deals.size() > 10'000) break;
  }
  return deals;
}

/// Up to and with the first looks of all groups; `seconds`: what a round of each group takes.
void first_looks(const Plan& plan, Dealer& dealer, const RatioOf& ratio, const std::vector<double>& seconds) {
  for (std::size_t i = 0; i < kLookAt * plan.groups.size(); ++i) {
    const auto deal = dealer.next(0).value();
    dealer.take(deal, performed(plan, deal, ratio), cost_of(deal, seconds[deal.group]));
  }
}

TEST(Dealer, first_each_group_has_the_rounds_of_a_first_look_all_groups_between_any_two_of_them) {
  const auto plan = plan_of_groups(5);
  Dealer dealer(plan, rules_of_rows(plan), kFirstLaps);
  const auto deals = all_deals(plan, dealer, same);
  ASSERT_EQ(deals.size(), 5U * kLookAt);
  std::set<std::vector<std::size_t>> orders;
  for (int pass = 0; pass < kLookAt; ++pass) {
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < 5; ++i) {
      const auto& deal = deals[static_cast<std::size_t>(pass) * 5 + i];
      EXPECT_EQ(deal.round, pass);
      EXPECT_EQ(deal.stage, 1);
      EXPECT_EQ(deal.members, plan.groups[deal.group].members);
      order.push_back(deal.group);
    }
    orders.insert(order);
    std::sort(order.begin(), order.end());
    EXPECT_EQ(order, (std::vector<std::size_t>{0, 1, 2, 3, 4}));
  }
  EXPECT_GT(orders.size(), 1U) << "always in the same order";
  EXPECT_EQ(dealer.decided(), 5U);
}

TEST(Dealer, the_seed_alone_decides_the_order) {
  const auto order = [](std::uint64_t seed) {
    auto plan = plan_of_groups(5);
    plan.seed = seed;
    Dealer dealer(plan, rules_of_rows(plan), kFirstLaps);
    std::vector<std::size_t> groups;
    for (const auto& deal : all_deals(plan, dealer, same)) groups.push_back(deal.group);
    return groups;
  };
  EXPECT_EQ(order(1), order(1));
  EXPECT_NE(order(1), order(2));
}

TEST(Dealer, then_rounds_go_to_what_is_open_and_that_which_costs_least_is_first) {
  const auto plan = plan_of_groups(3);
  Dealer dealer(plan, rules_of_rows(plan), kFirstLaps);
  const std::vector<double> seconds{0.3, 0.1, 0.2};
  first_looks(plan, dealer, slower, seconds);
  EXPECT_EQ(dealer.decided(), 0U) << "candidates";
  std::vector<std::size_t> groups;
  while (const auto deal = dealer.next(0)) {
    groups.push_back(deal->group);
    dealer.take(*deal, performed(plan, *deal, slower), cost_of(*deal, seconds[deal->group]));
  }
  std::vector<std::size_t> wanted;
  for (const std::size_t group : {1, 2, 0}) wanted.insert(wanted.end(), kConfirmedBy - kLookAt, group);
  EXPECT_EQ(groups, wanted);
  EXPECT_EQ(dealer.decided(), 3U);
  for (const auto& row : dealer.rows()) EXPECT_EQ(row.verdict, Verdict::a_faster) << row.reason;
}

TEST(Dealer, of_equal_cost_that_which_will_be_decided_soonest_is_first) {
  const auto plan = plan_of_groups(2);
  Dealer dealer(plan, rules_of_rows(plan), kFirstLaps);
  const auto first = plan.groups[0].rows[0].b;
  const RatioOf mixed = [&](std::size_t processes, int round, int lap) {
    return processes == first ? wild(processes, round, lap) : slower(processes, round, lap);
  };
  first_looks(plan, dealer, mixed, {1, 1});
  for (int i = kLookAt; i < kConfirmedBy; ++i) {
    const auto deal = dealer.next(0).value();
    EXPECT_EQ(deal.group, 1U);
    EXPECT_EQ(deal.round, i);
    dealer.take(deal, performed(plan, deal, mixed), cost_of(deal, 1));
  }
  EXPECT_EQ(dealer.next(0).value().group, 0U) << "nothing else is open";
}

/// Three rows, and one; rounds of either always cost the same.
Plan plan_of_unequal_groups() {
  Plan plan;
  add_group(plan, 3);
  add_group(plan, 1);
  plan.budget_s = 1000;
  plan.laps = kFirstLaps;
  return plan;
}

TEST(Dealer, what_the_budget_can_still_decide_is_dealt_before_more_that_it_cannot) {
  const auto plan = plan_of_unequal_groups();
  const double left_s = kConfirmedBy - kLookAt + 0.5;
  for (const auto& [spent_s, wanted] : {std::pair(0.0, 0U), {plan.budget_s - left_s, 1U}, {plan.budget_s - 1, 0U}}) {
    Dealer dealer(plan, rules_of_rows(plan), kFirstLaps);
    first_looks(plan, dealer, slower, {2.5, 1});  // three rows in 20 s, or one in 8 s
    EXPECT_EQ(dealer.next(spent_s).value().group, wanted) << spent_s;
  }
}

TEST(Dealer, a_last_round_may_begin_shortly_before_the_end) {
  const auto plan = plan_of_unequal_groups();
  Dealer dealer(plan, rules_of_rows(plan), kFirstLaps);
  const std::vector<double> seconds{2.5, 1};
  first_looks(plan, dealer, slower, seconds);
  for (double left_s = kConfirmedBy - kLookAt; dealer.decided() == 0; --left_s) {
    const auto deal = dealer.next(plan.budget_s - left_s + 0.5).value();
    EXPECT_EQ(deal.group, 1U) << left_s;
    dealer.take(deal, performed(plan, deal, slower), cost_of(deal, seconds[deal.group]));
  }
}

TEST(Dealer, the_budget_ends_it_but_not_before_all_have_had_their_first_look) {
  auto plan = plan_of_groups(3);
  for (const auto& [budget, more] : {std::pair(0.0, 0), {18.0, 0}, {20.0, 2}, {25.0, 7}}) {
    plan.budget_s = budget;
    Dealer dealer(plan, rules_of_rows(plan), kFirstLaps);
    EXPECT_EQ(all_deals(plan, dealer, wild).size(), 3U * kLookAt + static_cast<std::size_t>(more)) << budget;
  }
}

TEST(Dealer, what_is_never_decided_ends_at_the_last_look) {
  auto plan = plan_of_groups(1);
  Dealer dealer(plan, rules_of_rows(plan), kFirstLaps);
  const auto deals = all_deals(plan, dealer, [](std::size_t, int round, int) {
    return std::exp((round % 2 == 0 ? 1 : -1) * 0.02 * double(round % 23));
  });
  EXPECT_LE(deals.size(), 300U);
  EXPECT_FALSE(dealer.next(0));
}

TEST(Dealer, a_number_of_rounds_that_was_asked_for_is_made_no_fewer_and_no_more) {
  for (const int rounds : {1, 3, 20}) {
    for (const auto& ratio : {RatioOf(same), RatioOf(wild)}) {
      auto plan = plan_of_groups(4, 2);
      plan.rounds = rounds;
      plan.budget_s = 0;
      Dealer dealer(plan, rules_of_rows(plan), kFirstLaps);
      const auto deals = all_deals(plan, dealer, ratio);
      EXPECT_EQ(deals.size(), 4U * static_cast<std::size_t>(rounds));
      for (const auto& deal : deals) EXPECT_EQ(deal.members, plan.groups[deal.group].members) << deal.round;
      EXPECT_EQ(dealer.done().size(), plan.cases.size());
    }
  }
}

TEST(Dealer, who_has_no_open_row_takes_no_further_part) {
  const auto plan = plan_of_groups(1, 2);  // serial 0, a row of 1 and 2, a row of 3 and 4
  Dealer dealer(plan, rules_of_rows(plan), kFirstLaps);
  const RatioOf mixed = [](std::size_t processes, int round, int lap) {
    return processes == 2 ? same(processes, round, lap) : slower(processes, round, lap);
  };
  for (int round = 0; round < kConfirmedBy; ++round) {
    const auto deal = dealer.next(0).value();
    const auto wanted = round < kLookAt ? std::vector<std::size_t>{0, 1, 2, 3, 4} : std::vector<std::size_t>{3, 4};
    EXPECT_EQ(deal.members, wanted) << round;
    EXPECT_TRUE(dealer.done().empty()) << "said before, or too early, at " << round;
    dealer.take(deal, performed(plan, deal, mixed), cost_of(deal, 1));
    if (round + 1 == kLookAt) {
      EXPECT_EQ(dealer.done(), (std::vector<std::size_t>{0, 1, 2}));
    }
  }
  EXPECT_EQ(dealer.done(), (std::vector<std::size_t>{3, 4}));
  EXPECT_FALSE(dealer.next(0));
}

/// Threads and processes over each of two channels, and nothing else.
Plan plan_of_two_channels() {
  Plan plan;
  Group group{"channels", {0, 1, 2, 3}, {{0, 1}, {2, 3}}};
  for (const auto* channel : {"shm_ring", "pipe"}) {
    for (const auto* executor : {"thread_pool", "process_pool"}) {
      auto one = contender(executor, 1);
      one.channel = channel;
      plan.cases.push_back({one, group.name, group.name});
    }
  }
  plan.groups.push_back(std::move(group));
  plan.budget_s = 1e9;
  return plan;
}

TEST(Dealer, the_fastest_of_either_side_take_turns_once_it_is_known_who_they_are) {
  const auto plan = plan_of_two_channels();
  Dealer dealer(plan, rules_of_rows(plan), kFirstLaps);
  // Threads are equally fast over both, processes faster over the other one.
  const RatioOf ratio = [](std::size_t processes, int round, int lap) {
    return (processes == 3 ? 1.5 : 2) * same(processes, round, lap);
  };
  const auto deals = all_deals(plan, dealer, ratio);
  std::vector<Deal> deployed;
  std::copy_if(deals.begin(), deals.end(), std::back_inserter(deployed),
               [](const Deal& deal) { return deal.name.starts_with("deployed/"); });
  ASSERT_EQ(deployed.size(), std::size_t{kConfirmedBy}) << "until it is decided";
  EXPECT_EQ(deals[kLookAt].name, deployed.front().name) << "right after the first looks";
  int round = 0;
  for (const auto& deal : deployed) {
    EXPECT_EQ(deal.members, (std::vector<std::size_t>{0, 3}));
    EXPECT_EQ(deal.stage, 2);
    EXPECT_EQ(deal.round, round++);
  }
  EXPECT_EQ(dealer.rows().size(), 2U) << "those of the plan";
}

TEST(Dealer, the_fastest_of_either_side_that_are_a_row_already_are_not_measured_twice) {
  const auto plan = plan_of_two_channels();
  Dealer dealer(plan, rules_of_rows(plan), kFirstLaps);
  for (const auto& deal : all_deals(plan, dealer, slower)) EXPECT_EQ(deal.name, "channels");
}

TEST(Dealer, rounds_that_are_of_no_use_to_a_row_are_not_given_to_it) {
  const auto plan = plan_of_groups(1, 2);
  Dealer dealer(plan, rules_of_rows(plan), kFirstLaps);
  const std::vector<void (*)(Measured&)> troubles{
      [](Measured& measured) {
        measured.trial.status = executors::Status::worker_died;
        measured.laps.resize(3);
      },
      [](Measured& measured) {
        measured.trial.status = executors::Status::unsupported;
        measured.laps.clear();
      },
      [](Measured& measured) { measured.trial.stopped = "stopped"; },
      [](Measured& measured) { measured.trial.moved = "moved"; },
      [](Measured& measured) { measured.load.change = "changed"; },
  };
  for (std::size_t round = 0; round < troubles.size(); ++round) {
    const auto deal = dealer.next(0).value();
    auto measured = performed(plan, deal, same);
    troubles[round](measured[1]);  // the threads of the first row
    dealer.take(deal, measured, cost_of(deal, 1));
    EXPECT_EQ(dealer.rows()[0].rounds, 0) << round;
    EXPECT_EQ(dealer.rows()[1].rounds, static_cast<int>(round) + 1);
  }
}

TEST(Dealer, a_row_of_which_a_side_always_fails_is_given_up_and_costs_the_others_nothing) {
  const auto plan = plan_of_groups(2);
  Dealer dealer(plan, rules_of_rows(plan), kFirstLaps);
  const auto broken = plan.groups[0].rows[0].a;
  std::vector<std::size_t> later;
  while (const auto deal = dealer.next(0)) {
    if (deal->round >= kLookAt) later.push_back(deal->group);
    ASSERT_LT(later.size(), 100U) << "without end";
    auto measured = performed(plan, *deal, slower);
    for (auto& contender : measured) {
      if (contender.planned == broken) contender.trial.status = executors::Status::unsupported;
    }
    dealer.take(*deal, measured, cost_of(*deal, 1));
  }
  EXPECT_EQ(later, std::vector<std::size_t>(kConfirmedBy - kLookAt, 1));
  EXPECT_EQ(dealer.decided(), 1U);
  EXPECT_EQ(dealer.done().size(), plan.cases.size());
}

TEST(Dealer, a_row_that_fails_now_and_then_is_not_given_up) {
  const auto plan = plan_of_groups(1);
  Dealer dealer(plan, rules_of_rows(plan), kFirstLaps);
  int made = 0;
  for (; const auto deal = dealer.next(0); ++made) {
    ASSERT_LT(made, 100);
    auto measured = performed(plan, *deal, slower);
    if (made % 3 == 0) measured[1].trial.status = executors::Status::worker_died;
    dealer.take(*deal, measured, cost_of(*deal, 1));
  }
  EXPECT_EQ(dealer.rows()[0].verdict, Verdict::a_faster);
}

TEST(Dealer, others_on_the_cpus_make_no_round_useless) {
  const auto plan = plan_of_groups(1);
  Dealer dealer(plan, rules_of_rows(plan), kFirstLaps);
  const auto deal = dealer.next(0).value();
  auto measured = performed(plan, deal, same);
  for (auto& contender : measured) contender.load.others = Load::Others{1'000'000'000, 1'000'000'000, 0, 4e9};
  dealer.take(deal, measured, cost_of(deal, 1));
  EXPECT_EQ(dealer.rows()[0].rounds, 1);
}

TEST(DealersLaps, are_those_asked_for_or_chosen_when_the_first_part_is_over) {
  const RatioOf no_laps_scatter = [](std::size_t, int round, int) { return 1 + 0.1 * (round % 3); };
  const RatioOf only_laps_scatter = [](std::size_t, int, int lap) { return 1 + 0.1 * (lap % 3); };
  struct Row {
    RatioOf ratio;
    std::optional<int> asked;
    int first;
    int later;
  };
  for (const auto& row : std::vector<Row>{{no_laps_scatter, std::nullopt, kFirstLaps, kLeastLaps},
                                          {only_laps_scatter, std::nullopt, kFirstLaps, 84},  // of 21, one uncounted
                                          {only_laps_scatter, 5, 5, 5}}) {
    auto plan = plan_of_groups(1);
    plan.laps = row.asked;
    Dealer dealer(plan, rules_of_rows(plan), row.first);
    for (int round = 0; round <= kLookAt; ++round) {
      const auto deal = dealer.next(0).value();
      EXPECT_EQ(deal.stage, round < kLookAt ? 1 : 2);
      EXPECT_EQ(deal.laps, round < kLookAt ? row.first : row.later) << "round " << round;
      dealer.take(deal, performed(plan, deal, row.ratio), cost_of(deal, 1));
    }
  }
}

TEST(DealersLaps, of_a_first_part_take_no_more_than_four_times_what_a_round_takes_beside_them) {
  const auto plan = plan_of_groups(1);
  Dealer dealer(plan, rules_of_rows(plan), kFirstLaps);
  for (const int wanted : {kFirstLaps, 12, 12}) {
    const auto deal = dealer.next(0).value();
    EXPECT_EQ(deal.laps, wanted);
    dealer.take(deal, performed(plan, deal, wild), {0.03, 0.01 * (deal.laps + 1), deal.laps + 1});
  }
}

}  // namespace
}  // namespace mpmt::benchmarks
