// A contender's round as an entry of the record, and what a stored entry contributes to the verdict.
#include "benchmarks/record/entry.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "resolved.hpp"

namespace mpmt::benchmarks {
namespace {

using executors::Status;

PlannedCase planned_pool() {
  Case c;
  c.workload = "empty";
  c.executor = "thread_pool";
  c.channel = "shm_ring";
  c.workers = 2;
  return {resolved(c), "g", "g"};
}

PlannedCase planned_open_loop() {
  Case c;
  c.family = "channel";
  c.channel = "shm_ring";
  c.pair.pattern = pairs::Pattern::open_loop;
  c.pair.rate = 1000;
  return {resolved(c), "g", "g"};
}

/// A round of 10 tasks a lap.
Measured measured_with(const PlannedCase& planned, const std::vector<std::int64_t>& walls_ns) {
  Measured measured;
  measured.planned = 4;
  measured.round = 3;
  measured.trial.assignment.measured = planned.measured;
  measured.trial.assignment.tasks = 10;
  for (const auto wall : walls_ns) {
    executors::Block block;
    block.tasks = block.messages = 10;
    block.wall_ns = wall;
    block.sum = 255;
    block.submitter.cpu_ns = 100;
    block.workers.cpu_ns = 200;
    measured.laps.push_back(block);
  }
  return measured;
}

Json whole(const Entry& entry) {
  auto all = entry.of_case;
  all.update(entry.of_round);
  return all;
}

Json entry_of(const Measured& measured, const PlannedCase& planned) {
  return whole(make_entry(measured, planned, "g/part:2", "us"));
}

TEST(Entry, has_every_lap_and_what_was_counted_over_all_of_them) {
  auto measured = measured_with(planned_pool(), {1000, 3000, 2000, 123'456'789});
  measured.stage = 2;
  measured.settle_tasks = 2;
  measured.dropped_laps = 7;
  const auto entry = entry_of(measured, planned_pool());
  EXPECT_EQ(entry.at("name"), planned_pool().measured.name());
  EXPECT_EQ(entry.at("laps_ns"), Json({100.0, 300.0, 200.0, 12'346'000})) << "to five digits";
  EXPECT_EQ(entry.at("wall_ns"), 1000 + 3000 + 2000 + 123'456'789);
  EXPECT_EQ(entry.at("ns_per_task"), 250);
  EXPECT_EQ(entry.at("tasks_per_second"), 4e6);
  EXPECT_EQ(entry.at("cpu_ns"), Json({{"submitter", 400}, {"workers", 800}}));
  EXPECT_EQ(entry.at("iterations"), 4);
  EXPECT_NEAR(entry.at("real_time").get<double>(), 123'462.789 / 4, 1e-9) << "of a lap, in us";
  EXPECT_NEAR(entry.at("cpu_time").get<double>(), 1.2 / 4, 1e-9);
  EXPECT_EQ(entry.at("settle_tasks"), 2);
  EXPECT_EQ(entry.at("dropped_laps"), 7);
  EXPECT_EQ(entry.at("together"), "g/part:2");
  EXPECT_EQ(entry.at("round"), 3);
  EXPECT_EQ(entry.at("stage"), 2);
  EXPECT_EQ(entry.at("tasks"), 10);
  EXPECT_EQ(entry.at("status"), "ok");
  EXPECT_TRUE(entry.at("disturbed_by").is_null());
  EXPECT_TRUE(entry.at("error").is_null());
}

TEST(Entry, of_a_failure_has_its_reason_and_null_for_what_was_not_counted) {
  auto measured = measured_with(planned_pool(), {1000});
  measured.trial.status = Status::worker_died;
  measured.trial.error = "because 42";
  const auto entry = entry_of(measured, planned_pool());
  EXPECT_EQ(entry.at("status"), "worker_died");
  EXPECT_EQ(entry.at("error"), "because 42");
  EXPECT_EQ(entry.at("error_occurred"), true);
  const auto good = entry_of(measured_with(planned_pool(), {1000}), planned_pool());
  for (const auto& [name, value] : good.items()) EXPECT_TRUE(entry.contains(name)) << name;
  for (const auto* name : {"wall_ns", "laps_ns", "ns_per_task", "tasks_per_second", "checksum", "latency_ns"}) {
    EXPECT_TRUE(entry.at(name).is_null()) << name;
  }
}

TEST(Entry, what_all_rounds_of_a_case_have_in_common_is_the_same_whatever_a_round_gave) {
  auto failed = measured_with(planned_pool(), {});
  failed.round = 9;
  failed.trial.status = Status::timed_out;
  const auto one = make_entry(measured_with(planned_pool(), {1000, 2000}), planned_pool(), "a", "ms");
  const auto other = make_entry(failed, planned_pool(), "b", "ms");
  EXPECT_EQ(one.of_case, other.of_case);
  EXPECT_FALSE(one.of_case.contains("round"));
  for (const auto& [name, value] : one.of_round.items()) EXPECT_FALSE(one.of_case.contains(name)) << name;
}

TEST(Entry, says_what_made_a_round_useless_and_is_left_out_of_the_verdict_then) {
  struct Row {
    const char* wanted;  ///< empty: nothing
    void (*happen)(Measured&);
  };
  for (const auto& row : std::vector<Row>{
           {"", [](Measured&) {}},
           {"stopped", [](Measured& measured) { measured.trial.stopped = "stopped"; }},
           {"moved", [](Measured& measured) { measured.trial.moved = "moved"; }},
           {"changed", [](Measured& measured) { measured.load.change = "changed"; }},
           {"",
            [](Measured& measured) {
              measured.load.others = Load::Others{0, 1'000'000'000, 0, 2e9};
            }},
       }) {
    auto measured = measured_with(planned_pool(), {1000, 2000, 3000});
    row.happen(measured);
    const bool useless = row.wanted[0] != '\0';
    EXPECT_EQ(disturbance_of(measured), row.wanted);
    const auto entry = entry_of(measured, planned_pool());
    EXPECT_EQ(entry.at("status"), "ok");
    EXPECT_EQ(entry.at("disturbed_by"), useless ? Json(row.wanted) : Json(nullptr));
    const auto observation = observation_of(entry);
    EXPECT_EQ(observation.ok(), !useless);
    EXPECT_EQ(observation.disturbed, useless);
  }
}

TEST(Entry, an_open_loop_whose_generator_was_late_is_of_no_use) {
  for (const auto& [late_ns, useless] : {std::pair(9'000, false), {11'000, true}}) {
    auto measured = measured_with(planned_open_loop(), {1'000'000});
    measured.laps[0].late_ns = late_ns;
    measured.trial.latency.record(700);
    EXPECT_EQ(disturbance_of(measured), useless ? "the generator was late" : "");
    EXPECT_EQ(costs_ns(measured), std::vector<double>{double(measured.trial.latency.quantile(0.5))});
  }
}

TEST(Entry, travels_to_the_verdict_and_back) {
  const auto observation = observation_of(entry_of(measured_with(planned_pool(), {1000, 3000, 2000}), planned_pool()));
  EXPECT_EQ(observation.measured.name(), planned_pool().measured.name());
  EXPECT_EQ(observation.round, 3);
  EXPECT_EQ(observation.together, "g/part:2");
  EXPECT_EQ(observation.cost_ns, 200);
  EXPECT_EQ(observation.laps_ns, (std::vector<double>{100, 300, 200}));
}

TEST(Entry, of_older_versions_is_an_observation_of_one_lap_or_none) {
  auto entry = entry_of(measured_with(planned_pool(), {1000, 3000, 2000}), planned_pool());
  for (const auto* name : {"laps_ns", "together", "settle_tasks", "dropped_laps"}) entry.erase(name);
  const auto observation = observation_of(entry);
  EXPECT_EQ(observation.laps_ns, std::vector<double>{200});
  EXPECT_EQ(observation.together, "");
  entry["status"] = "disturbed";
  entry["disturbed_by"] = "others used 9 % of the CPUs";
  EXPECT_FALSE(observation_of(entry).ok());
  EXPECT_TRUE(observation_of(entry).disturbed);
}

TEST(Entry, aggregates_have_what_the_case_is_and_nothing_of_a_single_round) {
  const auto entry = make_entry(measured_with(planned_pool(), {1000}), planned_pool(), "g", "ms");
  const auto aggregates = make_aggregates(entry.of_case, {1, 2, 6}, {3, 3, 3}, {100, 200, 600});
  ASSERT_EQ(aggregates.size(), 4U);
  const std::map<std::string, double> wanted{
      {"mean", 3}, {"median", 2}, {"stddev", std::sqrt(7)}, {"cv", std::sqrt(7) / 3}};
  for (const auto& aggregate : aggregates) {
    const auto name = aggregate.at("aggregate_name").get<std::string>();
    EXPECT_NEAR(aggregate.at("real_time").get<double>(), wanted.at(name), 1e-12) << name;
    EXPECT_EQ(aggregate.at("name"), planned_pool().measured.name() + "_" + name);
    EXPECT_EQ(aggregate.at("iterations"), 3);
    EXPECT_EQ(aggregate.at("status"), "ok");
    EXPECT_FALSE(aggregate.at("unstable").is_null()) << "600 is far from 100";
    for (const auto& [field, value] : entry.of_case.items()) EXPECT_EQ(aggregate.at(field), value) << field;
    for (const auto* field : {"laps_ns", "wall_ns", "round", "together", "ns_per_task", "disturbed_by", "load"}) {
      EXPECT_FALSE(aggregate.contains(field)) << field;
    }
  }
  EXPECT_TRUE(make_aggregates(entry.of_case, {1, 1}, {1, 1}, {100, 101})[0].at("unstable").is_null());
  EXPECT_TRUE(make_aggregates(entry.of_case, {}, {}, {}).empty());
}

}  // namespace
}  // namespace mpmt::benchmarks
