// Entries of programs that know nothing of mpmt, and of pools of programs that have a name.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "benchmarks/families/foreign_plan.hpp"
#include "benchmarks/record/entry.hpp"
#include "resolved.hpp"

namespace mpmt::benchmarks {
namespace {

using executors::Memory;
using executors::Status;

PlannedCase planned_command() {
  Case c;
  c.family = "command";
  c.program = "fast";
  c.facts = foreign_facts();
  c.foreign.command = "sort -S 1M words";
  c.foreign.prepare = "sync";
  c.foreign.shell = "none";
  c.foreign.parameters = {{"size", "7"}, {"level", "x y"}};
  return {c, "g", "g"};
}

PlannedCase planned_server() {
  Case c;
  c.family = "server";
  c.program = "nginx";
  c.facts = foreign_facts();
  c.foreign.serve = "serve --port 4711";
  c.foreign.ready = "4711";
  c.foreign.command = "load 4711";
  return {c, "g", "g"};
}

PlannedCase planned_google() {
  Case c;
  c.family = "google";
  c.program = "old";
  c.facts = foreign_facts();
  c.foreign.words = {"./bench", "--quiet"};
  c.foreign.benchmark = "sort<int>/8/real_time";
  c.foreign.fixed_iterations = true;
  return {c, "g", "g"};
}

PlannedCase planned_stranger() {
  Case c;
  c.program = "python";
  c.workload = "empty";
  c.executor = "anybody's";
  c.channel = "unheard of";
  c.facts.who = Who::processes;
  c.facts.baseline = true;
  c.facts.has_window = c.facts.has_wait = false;
  return {c, "g", "g"};
}

const std::vector<PlannedCase>& every_one() {
  static const std::vector<PlannedCase> all{planned_command(), planned_server(), planned_google(), planned_stranger()};
  return all;
}

/// A round of 2 tasks a lap.
Measured foreign_round(const PlannedCase& planned, const std::vector<std::int64_t>& walls_ns) {
  Measured measured;
  measured.trial.assignment.measured = planned.measured;
  measured.trial.assignment.tasks = 2;
  for (const auto wall : walls_ns) {
    executors::Block block;
    block.tasks = block.messages = block.sum = 2;
    block.wall_ns = wall;
    measured.laps.push_back(block);
  }
  return measured;
}

Json foreign_entry(const Measured& measured, const PlannedCase& planned) {
  const auto entry = make_entry(measured, planned, "g/part:1", "ms");
  return said_with(entry.of_case, entry.of_round);
}

TEST(ForeignEntry, has_its_familys_time_and_no_other_familys) {
  const std::vector<std::string> costs{"ns_per_execution", "ns_per_load", "ns_per_iteration", "ns_per_task"};
  for (std::size_t i = 0; i < every_one().size(); ++i) {
    const auto entry = foreign_entry(foreign_round(every_one()[i], {2000, 6000, 4000}), every_one()[i]);
    for (const auto& cost : costs) EXPECT_EQ(entry.contains(cost), cost == costs[i]) << cost;
    EXPECT_EQ(entry.at(costs[i]), 2000);
    EXPECT_EQ(entry.at("laps_ns"), Json({1000, 3000, 2000}));
    EXPECT_EQ(entry.at("program"), every_one()[i].measured.program);
  }
}

TEST(ForeignEntry, has_the_memory_of_the_program_where_it_was_looked_at) {
  struct Row {
    PlannedCase planned;
    const char* peak;
    const char* pss;
  };
  for (const auto& [planned, peak, pss] : {Row{planned_command(), "peak_memory_bytes", "pss_bytes"},
                                           {planned_server(), "server_peak_memory_bytes", "server_pss_bytes"}}) {
    auto measured = foreign_round(planned, {2000});
    auto entry = foreign_entry(measured, planned);
    EXPECT_TRUE(entry.at(peak).is_null());
    EXPECT_TRUE(entry.at(pss).is_null());
    measured.trial.memory = Memory{.peak_bytes = 5'000'000'000, .pss_bytes = 7};
    entry = foreign_entry(measured, planned);
    EXPECT_EQ(entry.at(peak), 5'000'000'000);
    EXPECT_EQ(entry.at(pss), 7);
    measured.trial.memory->pss_bytes = 0;
    EXPECT_TRUE(foreign_entry(measured, planned).at(pss).is_null()) << "it was over before that was seen";
    measured.trial.status = Status::error;
    measured.trial.error = "exit code 1";
    entry = foreign_entry(measured, planned);
    EXPECT_TRUE(entry.at(peak).is_null()) << "of a failure nothing is said";
  }
}

TEST(ForeignEntry, says_all_that_makes_the_case_and_gives_it_back) {
  for (const auto& planned : every_one()) {
    const auto entry = foreign_entry(foreign_round(planned, {2000}), planned);
    const auto observed = observation_of(entry);
    EXPECT_EQ(observed.measured.program, planned.measured.program);
    EXPECT_EQ(to_json(observed.measured), to_json(planned.measured));
    EXPECT_EQ(observed.cost_ns, 1000);
  }
}

TEST(ForeignEntry, has_the_name_that_its_case_has_when_it_is_read) {
  for (const auto& planned : every_one()) {
    const auto entry = foreign_entry(foreign_round(planned, {2000}), planned);
    EXPECT_EQ(observation_of(entry).measured.name(), entry.at("name")) << "comparisons name cases by it";
  }
}

TEST(ForeignEntry, of_a_failure_says_null_for_what_it_would_have_counted) {
  for (const auto& planned : every_one()) {
    const auto good = foreign_entry(foreign_round(planned, {2000}), planned);
    auto failed = foreign_round(planned, {});
    failed.trial.status = Status::timed_out;
    failed.trial.error = "it took too long";
    const auto entry = foreign_entry(failed, planned);
    for (const auto& [name, value] : good.items()) EXPECT_TRUE(entry.contains(name)) << name;
    EXPECT_TRUE(entry.at(family_of(planned.measured).cost).is_null());
    EXPECT_FALSE(observation_of(entry).ok());
  }
}

TEST(ForeignEntry, nothing_of_workers_is_said_of_what_has_none) {
  for (const auto& planned : every_one()) {
    const auto entry = foreign_entry(foreign_round(planned, {2000}), planned);
    const bool pool = planned.measured.family == "pool";
    for (const auto* name : {"workload", "executor", "workers", "grain", "workers_seen", "who", "baseline"}) {
      EXPECT_EQ(entry.contains(name), pool) << name;
    }
    for (const auto* name : {"window", "wait"}) EXPECT_TRUE(entry.at(name).is_null()) << name;
  }
}

TEST(ForeignEntry, what_a_trial_had_to_say_is_among_its_surroundings) {
  auto measured = foreign_round(planned_command(), {2000});
  EXPECT_EQ(foreign_entry(measured, planned_command()).at("surroundings"), Json::object());
  measured.trial.surroundings = {{"file_system", "ext4"}};
  measured.trial.notes = {"one thing", "and another"};
  EXPECT_EQ(foreign_entry(measured, planned_command()).at("surroundings"),
            Json({{"file_system", "ext4"}, {"notes", "one thing; and another"}}));
}

TEST(ForeignEntry, only_pools_of_named_programs_say_who_works) {
  Case c;
  c.workload = "empty";
  c.executor = "process_pool";
  c.channel = "shm_ring";
  const PlannedCase ours{resolved(c), "g", "g"};
  const auto entry = foreign_entry(foreign_round(ours, {2000}), ours);
  for (const auto* name : {"program", "who", "baseline"}) EXPECT_FALSE(entry.contains(name)) << name;
  const auto theirs = foreign_entry(foreign_round(planned_stranger(), {2000}), planned_stranger());
  EXPECT_EQ(theirs.at("who"), "processes");
  EXPECT_EQ(theirs.at("baseline"), true);
  EXPECT_TRUE(theirs.at("workload_kind").is_null()) << "a stranger does not say what its tasks use";
}

}  // namespace
}  // namespace mpmt::benchmarks
