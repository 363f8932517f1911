// From rounds to verdicts, on made-up observations.
#include "benchmarks/judge/verdict.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <random>

#include "base/text.hpp"
#include "observations.hpp"

namespace mpmt::benchmarks {
namespace {

using executors::Placement;
/// Every other round is `factor` times as long.
Costs in_two_modes(double factor) {
  auto costs = about(1);
  for (std::size_t i = 0; i < costs.size(); i += 2) costs[i] *= factor;
  return costs;
}

struct VerdictCase {
  const char* what;
  Costs processes;
  Costs threads;
  Verdict verdict;
};

TEST(Verdict, each_is_given_for_its_reason) {
  const std::vector<VerdictCase> table{
      {"processes take 1.5 times as long", about(1.5), about(1, kEnough, 2), Verdict::a_faster},
      {"threads take twice as long", about(0.5), about(1, kEnough, 2), Verdict::b_faster},
      {"equal but for noise", about(1), about(1, kEnough, 2), Verdict::same},
      {"equal to the last digit", about(1), about(1), Verdict::same},
      {"a sure difference of 1 %", about(1.01), about(1), Verdict::same},
      {"a sure difference of 4 %", about(1.04), about(1), Verdict::a_faster},
      {"noise wider than the margin", about(1, kEnough, 0, 0.1), about(1, kEnough, 2), Verdict::undecided},
      {"shown, and not yet confirmed", about(1.5, 13), about(1, 13, 2), Verdict::undecided},
      {"a ratio in two modes", in_two_modes(2), about(1), Verdict::unstable},
  };
  for (const auto& row : table) {
    SCOPED_TRACE(row.what);
    const auto found = only(both(row.processes, row.threads));
    EXPECT_EQ(static_cast<int>(found.verdict), static_cast<int>(row.verdict)) << found.reason;
    EXPECT_EQ(found.rounds, static_cast<int>(row.processes.size()));
    EXPECT_EQ(is_decided(found), row.verdict != Verdict::undecided && row.verdict != Verdict::unstable);
    EXPECT_FALSE(found.reason.empty());
    EXPECT_LE(found.finding.low, found.finding.ratio);
    EXPECT_LE(found.finding.ratio, found.finding.high);
    EXPECT_GE(found.finding.detectable, 0);
  }
}

TEST(Verdict, before_the_first_look_nothing_is_decided) {
  for (std::size_t rounds = 0; rounds < 6; ++rounds) {
    auto found = both(about(2, rounds), about(1));
    if (rounds == 0) found.push_back(lost(made("process_pool"), 0, false));
    const auto row = only(found);
    EXPECT_EQ(row.rounds, static_cast<int>(rounds));
    EXPECT_EQ(row.finding.rounds, 0);
    EXPECT_EQ(row.verdict, Verdict::undecided);
    EXPECT_NE(row.reason.find(text(rounds, " rounds")), std::string::npos) << row.reason;
  }
}

TEST(Verdict, rounds_are_paired_and_those_without_a_partner_left_out) {
  Observations all;
  // Round r is r times slower than round 1 on both sides: only pairing sees that they are equal.
  for (int round = 1; round <= 9; ++round) {
    const double cost = 100 * (1 + 0.05 * round);
    if (round != 3) all.push_back(round_of(made("process_pool"), round, cost));
    all.push_back(round == 7 ? lost(made("thread_pool"), round, true) : round_of(made("thread_pool"), round, cost));
  }
  const auto row = only(all);
  EXPECT_EQ(row.rounds, 7);
  EXPECT_EQ(row.finding.ratio, 1);
  EXPECT_EQ(row.verdict, Verdict::same);
}

TEST(Verdict, laps_are_paired_within_a_round_of_contenders_that_took_turns) {
  // Each lap is slower than the one before, and the threads' first one is an outlier.
  const Costs threads{500, 110, 120, 130, 140};
  const Costs processes{105, 115.5, 126, 136.5, 147};
  for (const auto* together : {"g", "other"}) {
    Observations all;
    for (int round = 0; round < 14; ++round) {
      all.push_back({made("process_pool"), round, together, false, {}, 126, processes});
      all.push_back({made("thread_pool"), round, "g", false, {}, 130, threads});
    }
    const bool in_turns = std::string(together) == "g";
    EXPECT_NEAR(only(all).finding.ratio, in_turns ? 1.05 : 126.0 / 130, 1e-9) << together;
  }
}

TEST(Verdict, only_rounds_that_gave_something_count) {
  for (const bool disturbed : {false, true}) {
    auto all = both(about(1), about(1, kEnough, 2));
    for (int round = 14; round < 20; ++round) all.push_back(lost(made("process_pool"), round, disturbed));
    const auto row = only(all);
    EXPECT_EQ(row.rounds, 14);
    EXPECT_EQ(row.verdict, Verdict::same);
  }
}

TEST(Verdict, a_row_without_a_look_says_how_many_rounds_were_disturbed) {
  auto all = both(about(1, 2), about(1));
  for (int round = 2; round < 6; ++round) all.push_back(lost(made("process_pool"), round, true));
  EXPECT_NE(only(all).reason.find("4 were disturbed"), std::string::npos) << only(all).reason;
}

TEST(Verdict, only_cases_that_differ_in_nothing_but_the_address_space_are_compared) {
  const std::vector<void (*)(Case&)> differences{
      [](Case& c) { c.workload = "empty"; },
      [](Case& c) { c.channel = "by_reference"; },
      [](Case& c) { c.workers = 1; },
      [](Case& c) { c.grain = 9; },
      [](Case& c) { c.batch = 9; },
      [](Case& c) { c.payload_bytes = 9; },
      [](Case& c) { c.waiting_percent = 9; },
      [](Case& c) { c.window = 9; },
      [](Case& c) { c.placement = Placement::same; },
      [](Case& c) { c.wait = executors::Wait::spin; },
  };
  for (std::size_t i = 0; i < differences.size(); ++i) {
    Observations all;
    auto threads = made("thread_pool");
    differences[i](threads);
    add(all, made("process_pool"), about(1));
    add(all, threads, about(1));
    for (const auto& row : compared_as_usual(all)) EXPECT_TRUE(row.deployed) << "difference " << i;
  }
}

TEST(Verdict, serial_is_on_neither_side) {
  Observations all;
  for (const auto* executor : {"serial", "serial_threaded_libc"}) add(all, made(executor, ""), about(1));
  add(all, made("process_pool"), about(1));
  EXPECT_TRUE(compared_as_usual(all).empty());
  EXPECT_TRUE(compared_as_usual({}).empty());
  EXPECT_EQ(table_of({}, usual()), "");
  EXPECT_EQ(answer_of({}, usual()), "");
}

TEST(Verdict, deployed_sets_the_fastest_of_each_side_against_each_other) {
  // By later rounds than those that choose them: six more than elsewhere.
  auto all = both(about(1.5, 20), about(1.2, 20));
  add(all, made("thread_pool", "by_reference"), about(1, 20));
  auto more = made("process_pool");
  more.workers = 4;
  add(all, more, about(0.7, 20));
  const auto row = only(all, true);
  EXPECT_EQ(row.a.channel, "by_reference");
  EXPECT_EQ(row.b.workers, 4);
  EXPECT_EQ(row.rounds, 14);
  EXPECT_EQ(row.verdict, Verdict::b_faster);
  EXPECT_NEAR(row.finding.ratio, 0.7, 1e-9);
  EXPECT_EQ(only(all).verdict, Verdict::a_faster) << "the controlled row is another question";
}

TEST(Verdict, deployed_contenders_that_took_turns_are_compared_by_those_rounds_alone) {
  Observations all;
  const auto threads = made("thread_pool", "shm_ring");
  const auto processes = made("process_pool", "pipe");
  add(all, threads, about(1, 40));
  add(all, processes, about(1, 40, 2));
  EXPECT_EQ(only(all, true).verdict, Verdict::same) << "of rounds apart";
  const auto in_turns = about(1.5);
  for (std::size_t i = 0; i < in_turns.size(); ++i) {
    all.push_back(round_of(threads, static_cast<int>(i), 100));
    all.push_back(round_of(processes, static_cast<int>(i), in_turns[i]));
    all.back().together = (all.rbegin() + 1)->together = "deployed/prime_count";
  }
  const auto row = only(all, true);
  EXPECT_EQ(row.verdict, Verdict::a_faster) << row.reason;
  EXPECT_EQ(row.rounds, static_cast<int>(in_turns.size()));
}

TEST(Verdict, the_rounds_that_choose_who_is_deployed_do_not_count_for_who_is_faster) {
  auto lucky = about(1, 20);
  for (std::size_t round = 0; round < 6; ++round) lucky[round] *= 0.5;
  auto all = both(about(1.5, 20), about(1.1, 20));
  add(all, made("thread_pool", "by_reference"), lucky);
  const auto row = only(all, true);
  EXPECT_EQ(row.a.channel, "by_reference");
  EXPECT_NEAR(row.finding.ratio, 1.5, 1e-9);
}

TEST(Verdict, free_placement_names_no_winner_but_how_often_processes_were_faster) {
  auto processes = made("process_pool");
  auto threads = made("thread_pool");
  processes.placement = threads.placement = Placement::free;
  struct Row {
    Costs processes;
    const char* words;
  };
  auto mixed = about(0.5);
  mixed.back() *= 3;
  for (const auto& [costs, words] : {Row{about(0.5), "14 of 14"}, {about(1), "0 of 14"}, {mixed, "13 of 14"}}) {
    Observations all;
    add(all, processes, costs);
    add(all, threads, about(1));
    const auto row = only(all);
    EXPECT_EQ(row.verdict, Verdict::undecided);
    EXPECT_NE(row.reason.find(words), std::string::npos) << row.reason;
    for (const auto& one : compared_as_usual(all)) EXPECT_FALSE(one.deployed) << "luck is not deployed";
  }
}

TEST(Verdict, the_correction_is_for_all_controlled_rows_unless_it_is_given) {
  auto all = both(about(1.01), about(1, kEnough, 2));
  for (int workers = 3; workers < 12; ++workers) {
    for (const auto* executor : {"process_pool", "thread_pool"}) {
      auto more = made(executor);
      more.workers = workers;
      add(all, more, about(1));
    }
  }
  const auto detectable = [&](int rows) {
    Rules rules;
    rules.rows = rows;
    return compare(all, rules).front().finding.detectable;
  };
  EXPECT_EQ(detectable(0), detectable(10));
  EXPECT_GT(detectable(100), detectable(0));
  EXPECT_GT(detectable(1000), detectable(100));
}

TEST(Verdict, twins_are_rows_of_their_own_and_never_deployed) {
  auto first = made("process_pool");
  auto second = first;
  first.program = "A";
  second.program = "B";
  for (const auto& [factor, words] :
       {std::pair(1.0, "same within 3 %"), {1.5, "A 1.50x faster"}, {0.5, "B 2.00x faster"}}) {
    Observations all;
    add(all, first, about(1));
    add(all, second, about(factor));
    EXPECT_EQ(in_words(only(all), usual()), words);
    for (const auto& row : compared_as_usual(all)) EXPECT_FALSE(row.deployed);
  }
}

TEST(Verdict, numbers_in_json_are_finite_or_null) {
  Observations all = both(about(1.5), about(1));
  for (const std::size_t rounds : {0U, 1U, 5U}) {
    auto lonely = made("process_pool");
    lonely.grain = 7 + rounds;
    add(all, lonely, about(1, rounds));
    all.push_back(lost(lonely, 9, false));
    lonely.executor = "thread_pool";
    add(all, resolved(lonely), about(1));
  }
  int without = 0;
  for (const auto& row : compared_as_usual(all)) {
    const auto fields = to_json(row);
    for (const auto* name : {"ratio", "low", "high", "detectable"}) {
      const auto& field = fields.at(name);
      EXPECT_EQ(field.is_null(), row.rounds < 6) << name;
      EXPECT_TRUE(field.is_null() || std::isfinite(field.get<double>())) << name;
    }
    EXPECT_EQ(fields.at("rounds"), row.rounds);
    EXPECT_EQ(fields.at("rounds_looked_at"), row.rounds < 6 ? 0 : 6);
    without += row.rounds < 6;
    EXPECT_EQ(nlohmann::json::parse(fields.dump()), fields);
  }
  EXPECT_GE(without, 3);
}

TEST(Verdict, a_row_of_which_a_side_always_fails_says_which_and_why) {
  Observations all;
  add(all, made("thread_pool"), about(1));
  all.push_back(lost(made("thread_pool"), 20, false));
  all.back().error = "timed_out: once";
  for (int round = 0; round < 6; ++round) {
    all.push_back(lost(made("process_pool"), round, false));
    all.back().error = "unsupported: no such queue";
  }
  EXPECT_EQ(only(all).reason, "processes: unsupported: no such queue");
}

TEST(Verdict, the_deployed_rows_json_says_what_both_sides_share_and_null_else) {
  auto all = both(about(1.5), about(1.2));
  auto more = made("process_pool");
  more.workers = 4;
  add(all, more, about(1));
  const auto fields = to_json(only(all, true));
  EXPECT_EQ(fields.at("table"), "deployed");
  EXPECT_TRUE(fields.at("workers").is_null());
  EXPECT_EQ(fields.at("window"), 2);
  EXPECT_EQ(to_json(only(both(about(1), about(1)))).at("workers"), 2);
}

TEST(Verdict, the_same_executor_under_two_names_rarely_wins) {
  std::mt19937_64 random(5);
  std::lognormal_distribution<double> noise(0, 0.03);
  Observations all;
  for (int workers = 1; workers <= 5; ++workers) {
    for (const auto* executor : {"process_pool", "thread_pool"}) {
      auto one = made(executor);
      one.workers = workers;
      Costs values(60);
      for (double& value : values) value = 100 * noise(random);
      add(all, one, values);
    }
  }
  const auto share = false_winner_share(all, 200, 1, usual());
  EXPECT_GE(share, 0);
  EXPECT_LE(share, 0.05);
  EXPECT_EQ(false_winner_share(all, 20, 9, usual()), false_winner_share(all, 20, 9, usual()));
  EXPECT_LT(false_winner_share({}, 10, 1, usual()), 0);
}

}  // namespace
}  // namespace mpmt::benchmarks
