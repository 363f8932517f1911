// From trials to verdicts, on made-up observations.
#include "benchmarks/judge/verdict.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <random>

#include "base/text.hpp"

namespace mpmt::benchmarks {
namespace {

using executors::Placement;
using executors::Status;
using Observations = std::vector<Observation>;

Case made(const std::string& executor, const std::string& channel = "boost_queue") {
  Case c;
  c.workload = "prime_count";
  c.executor = executor;
  c.channel = channel;
  c.workers = 2;
  c.window = 2;
  return c;
}

/// Adds a round for each value.
void add(Observations& to, const Case& measured, const std::vector<double>& values, Status status = Status::ok) {
  int round = 0;
  for (const double value : values) to.push_back({measured, round++, status, value});
}

Observations both(const std::vector<double>& processes, const std::vector<double>& threads) {
  Observations all;
  add(all, made("process_pool"), processes);
  add(all, made("thread_pool"), threads);
  return all;
}

/// The only row of one of the two tables.
Comparison only(const Observations& observations, bool deployed = false) {
  const Comparison* found = nullptr;
  const auto rows = compare(observations);
  for (const auto& row : rows) {
    if (row.deployed != deployed) continue;
    EXPECT_EQ(found, nullptr) << "more than one row";
    found = &row;
  }
  EXPECT_NE(found, nullptr) << "no row";
  return found != nullptr ? *found : Comparison();
}

const std::vector<double> kSteady{100, 101, 99, 100.5, 99.5};

std::vector<double> times(double factor, std::vector<double> values = kSteady) {
  for (double& value : values) value *= factor;
  return values;
}

struct VerdictCase {
  const char* what;
  std::vector<double> processes;
  std::vector<double> threads;
  Verdict verdict;
};

TEST(Verdict, each_is_given_for_its_reason) {
  const std::vector<VerdictCase> table{
      {"processes take 1.5 times as long", {150, 152, 149, 151, 148}, kSteady, Verdict::threads},
      {"threads take twice as long", {50, 50.4, 49.8, 50.1, 49.9}, kSteady, Verdict::processes},
      {"equal but for noise", {100.2, 100.8, 99.3, 100.1, 99.9}, kSteady, Verdict::same},
      {"equal to the last digit", kSteady, kSteady, Verdict::same},
      {"a sure difference of 1 %", times(1.01), kSteady, Verdict::same},
      {"a sure difference of 4 %", times(1.04), kSteady, Verdict::threads},
      {"noise wider than the margin", {92, 108, 97, 111, 100}, kSteady, Verdict::undecided},
      {"a likely difference, not a sure one", {110, 121, 99.5, 105, 131}, {100, 100, 101, 98, 111}, Verdict::undecided},
      {"processes in two modes", {100, 100, 200, 201, 199}, kSteady, Verdict::unstable},
      {"threads in two modes", kSteady, {100, 100, 200, 201, 199}, Verdict::unstable},
      {"processes vary by more than 20 %", {60, 75, 95, 110, 140}, kSteady, Verdict::unstable},
  };
  for (const auto& row : table) {
    SCOPED_TRACE(row.what);
    const auto found = only(both(row.processes, row.threads));
    EXPECT_EQ(text_of(found.verdict), text_of(row.verdict)) << found.reason;
    EXPECT_EQ(found.rounds, 5);
    EXPECT_EQ(found.reason.empty(), row.verdict != Verdict::unstable) << found.reason;
    EXPECT_LE(found.low, found.ratio);
    EXPECT_LE(found.ratio, found.high);
    EXPECT_GE(found.detectable, 0.03);
  }
}

TEST(Verdict, an_unstable_row_names_the_side) {
  EXPECT_EQ(only(both({100, 100, 200, 201, 199}, kSteady)).reason.rfind("processes: two modes", 0), 0U);
  EXPECT_EQ(only(both(kSteady, {100, 100, 200, 201, 199})).reason.rfind("threads: two modes", 0), 0U);
}

TEST(Verdict, words_say_who_is_faster_and_by_how_much) {
  EXPECT_EQ(in_words(only(both(times(1.5), kSteady))), "threads 1.50x faster");
  EXPECT_EQ(in_words(only(both(times(0.5), kSteady))), "processes 2.00x faster");
  EXPECT_EQ(in_words(only(both(kSteady, kSteady))), "same within 3 %");
  const auto undecided = in_words(only(both({92, 108, 97, 111, 100}, kSteady)));
  EXPECT_EQ(undecided.rfind("undecided: a difference of ", 0), 0U) << undecided;
  EXPECT_NE(undecided.find("would have been seen"), std::string::npos) << undecided;
}

TEST(Verdict, fewer_than_five_rounds_decide_nothing) {
  for (std::size_t rounds = 0; rounds < 5; ++rounds) {
    auto fewer = times(2);
    fewer.resize(rounds);
    auto found = both(fewer, kSteady);
    if (rounds == 0) add(found, made("process_pool"), {0}, Status::timed_out);
    const auto row = only(found);
    EXPECT_EQ(row.rounds, static_cast<int>(rounds));
    EXPECT_EQ(row.verdict, Verdict::undecided);
    EXPECT_NE(row.reason.find(text(rounds, " rounds")), std::string::npos) << row.reason;
  }
}

TEST(Verdict, rounds_are_paired_and_those_without_a_partner_left_out) {
  Observations all;
  // Round r is r times slower than round 1 on both sides: only pairing sees that they are equal.
  for (int round = 1; round <= 9; ++round) {
    const double speed = 100 * (1 + 0.05 * round);
    if (round != 3) all.push_back({made("process_pool"), round, Status::ok, speed});
    all.push_back({made("thread_pool"), round, round == 7 ? Status::disturbed : Status::ok, speed});
  }
  const auto row = only(all);
  EXPECT_EQ(row.rounds, 7);
  EXPECT_EQ(row.ratio, 1);
  EXPECT_EQ(row.verdict, Verdict::same);
}

TEST(Verdict, only_ok_trials_count) {
  for (const auto status : {Status::wrong_checksum, Status::worker_died, Status::timed_out, Status::disturbed,
                            Status::unsupported, Status::error}) {
    auto all = both(kSteady, kSteady);
    for (int round = 5; round < 10; ++round) all.push_back({made("process_pool"), round, status, 1e9});
    const auto row = only(all);
    EXPECT_EQ(row.rounds, 5);
    EXPECT_EQ(row.verdict, Verdict::same);
  }
}

TEST(Verdict, only_cases_that_differ_in_nothing_but_the_address_space_are_compared) {
  const std::vector<void (*)(Case&)> differences{
      [](Case& c) { c.workload = "empty"; },
      [](Case& c) { c.channel = "by_reference"; },
      [](Case& c) { c.workers = 1; },
      [](Case& c) { c.grain = 9; },
      [](Case& c) { c.batch = 9; },
      [](Case& c) { c.payload_bytes = 9; },
      [](Case& c) { c.window = 9; },
      [](Case& c) { c.placement = Placement::same; },
      [](Case& c) { c.wait = executors::Wait::spin; },
  };
  for (std::size_t i = 0; i < differences.size(); ++i) {
    Observations all;
    auto threads = made("thread_pool");
    differences[i](threads);
    add(all, made("process_pool"), kSteady);
    add(all, threads, kSteady);
    for (const auto& row : compare(all)) EXPECT_TRUE(row.deployed) << "difference " << i;
  }
}

TEST(Verdict, serial_is_on_neither_side) {
  Observations all;
  for (const auto* executor : {"serial", "serial_threaded_libc"}) add(all, made(executor, ""), kSteady);
  add(all, made("process_pool"), kSteady);
  EXPECT_TRUE(compare(all).empty());
  EXPECT_TRUE(compare({}).empty());
  EXPECT_EQ(table_of({}), "");
}

TEST(Verdict, deployed_sets_the_fastest_of_each_side_against_each_other) {
  auto all = both(times(1.5), times(1.2));
  add(all, made("thread_pool", "by_reference"), kSteady);
  auto more = made("process_pool");
  more.workers = 4;
  add(all, more, times(0.7));
  const auto row = only(all, true);
  EXPECT_EQ(row.threads.channel, "by_reference");
  EXPECT_EQ(row.processes.workers, 4);
  EXPECT_EQ(row.verdict, Verdict::processes);
  EXPECT_NEAR(row.ratio, 0.7, 1e-9);
  EXPECT_EQ(only(all).verdict, Verdict::threads) << "the controlled row is another question";
}

TEST(Verdict, free_placement_names_no_winner_but_how_often_processes_were_faster) {
  auto processes = made("process_pool");
  auto threads = made("thread_pool");
  processes.placement = threads.placement = Placement::free;
  Observations all;
  add(all, processes, {50, 50.5, 49.5, 50, 150});
  add(all, threads, kSteady);
  for (const auto& values : {std::vector<double>{50, 51, 49, 50, 50.5}, kSteady}) {
    Observations calm;
    add(calm, processes, values);
    add(calm, threads, kSteady);
    const auto row = only(calm);
    EXPECT_EQ(row.verdict, Verdict::undecided);
    EXPECT_NE(row.reason.find(values == kSteady ? "0 of 5" : "5 of 5"), std::string::npos) << row.reason;
  }
  EXPECT_NE(only(all).reason.find("4 of 5"), std::string::npos);
  for (const auto& row : compare(all)) EXPECT_FALSE(row.deployed) << "luck is not deployed";
}

TEST(Verdict, the_correction_is_over_each_table) {
  // Alone, this row's p-value of about 0.03 would do.
  const std::vector<double> likely{104, 111, 101, 110, 103};
  EXPECT_EQ(only(both(likely, kSteady)).verdict, Verdict::threads);
  auto all = both(likely, kSteady);
  for (int workers = 3; workers < 7; ++workers) {
    for (const auto* executor : {"process_pool", "thread_pool"}) {
      auto more = made(executor);
      more.workers = workers;
      add(all, more, kSteady);
    }
  }
  for (const auto& row : compare(all)) {
    if (row.deployed) continue;
    EXPECT_GE(row.p_holm, row.p_value);
    EXPECT_EQ(row.verdict, row.processes.workers == 2 ? Verdict::undecided : Verdict::same);
    EXPECT_NEAR(row.p_holm, row.processes.workers == 2 ? 5 * row.p_value : 1, 1e-12);
  }
}

TEST(Verdict, numbers_in_json_are_finite_or_null) {
  Observations all = both(times(1.5), kSteady);
  for (const auto& rounds : {std::vector<double>{}, {5}}) {
    auto lonely = made("process_pool");
    lonely.grain = 7 + rounds.size();
    add(all, lonely, rounds);
    add(all, lonely, {1}, Status::error);
    lonely.executor = "thread_pool";
    add(all, lonely, kSteady);
  }
  int without = 0;
  for (const auto& row : compare(all)) {
    const auto fields = to_json(row);
    for (const auto* name : {"ratio", "low", "high", "p_value", "p_holm", "detectable"}) {
      const auto& field = fields.at(name);
      EXPECT_EQ(field.is_null(), row.rounds < 2) << name;
      EXPECT_TRUE(field.is_null() || std::isfinite(field.get<double>())) << name;
    }
    without += row.rounds < 2;
    EXPECT_EQ(nlohmann::json::parse(fields.dump()), fields);
  }
  EXPECT_GE(without, 2);
}

TEST(Verdict, the_deployed_rows_json_says_what_both_sides_share_and_null_else) {
  auto all = both(times(1.5), times(1.2));
  auto more = made("process_pool");
  more.workers = 4;
  add(all, more, kSteady);
  const auto fields = to_json(only(all, true));
  EXPECT_EQ(fields.at("table"), "deployed");
  EXPECT_TRUE(fields.at("workers").is_null());
  EXPECT_EQ(fields.at("window"), 2);
  EXPECT_EQ(to_json(only(both(kSteady, kSteady))).at("workers"), 2);
}

TEST(Verdict, the_text_tables_hold_every_row) {
  const auto rows = compare(both(times(1.5), kSteady));
  const auto table = table_of(rows);
  EXPECT_NE(table.find("prime_count"), std::string::npos);
  EXPECT_NE(table.find("1.500"), std::string::npos);
  EXPECT_NE(table.find("Controlled"), std::string::npos);
  EXPECT_NE(table.find("As deployed"), std::string::npos);
  EXPECT_EQ(table.find("nan"), std::string::npos);
}

TEST(Verdict, the_same_executor_under_two_names_rarely_wins) {
  std::mt19937_64 random(5);
  std::lognormal_distribution<double> noise(0, 0.03);
  Observations all;
  for (int workers = 1; workers <= 5; ++workers) {
    for (const auto* executor : {"process_pool", "thread_pool"}) {
      auto one = made(executor);
      one.workers = workers;
      std::vector<double> values(20);
      for (double& value : values) value = 100 * noise(random);
      add(all, one, values);
    }
  }
  const auto share = false_winner_share(all, 400, 1);
  EXPECT_GE(share, 0);
  EXPECT_LE(share, 0.05 + 0.03);  // 2.7 standard deviations of 400 tables at 5 %
  EXPECT_EQ(false_winner_share(all, 50, 9), false_winner_share(all, 50, 9));
  EXPECT_LT(false_winner_share({}, 10, 1), 0);
}

}  // namespace
}  // namespace mpmt::benchmarks
