// A kind of experiment: its axes, its cases, how they are built, and what is said of them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/catalog.hpp"
#include "benchmarks/case/planning.hpp"

namespace mpmt::benchmarks {

/// What a trial needs beside the case.
struct Site {
  std::uint64_t tasks = 1;    ///< per block
  std::vector<int> cpus;      ///< usable ones in the order in which they are dealt out; not empty
  std::string data_dir = {};  ///< where files are made
};

/// A case built in its trial: an executor whose workers are up.
struct Subject {
  std::function<std::uint64_t(std::uint64_t tasks)> expected_sum;  ///< of a block; owns what the executor needs
  std::map<std::string, std::string> surroundings;                 ///< what a reader of the record must know of them
  std::unique_ptr<executors::Executor> executor;
  Nanoseconds startup{0};
};

/// Of all laps of a contender's round.
struct Totals {
  double cost_ns = 0;  ///< of an operation: the median of the laps
  double messages = 0;
  double wall_ns = 0;
  double late_ns = 0;
  Usage submitter;
  Usage workers;
  std::optional<executors::Memory> memory = std::nullopt;

  /// Of the wall time: by which an open loop's generator began its sends late through its own fault.
  double late_share() const { return wall_ns > 0 ? late_ns / wall_ns : 0; }
};

/// A field of an entry that is measured, and what a report has to know of it.
struct Measure {
  std::string_view name;
  std::string_view view;   ///< of a report, that it feeds; empty: none
  std::string_view unit;   ///< ns, bytes, bytes/s, ratio, share or count
  std::string_view title;  ///< as people call it
};

/// Those that every family has.
const std::vector<Measure>& common_measures();

/// A field of an entry that only this family has.
struct Metric {
  Measure said;
  nlohmann::json (*of)(const Case&, const Totals&);
};

/// A field of a row, in the record; null where the two differ in it.
struct RowField {
  std::string_view name;
  nlohmann::json (*of)(const Case& processes, const Case& threads);
};

/// A column of the tables. A family's first is what its cases are about.
struct Column {
  std::string_view title;
  std::string (*cell)(const Case& processes, const Case& threads);  ///< "-": nothing to say
  bool always = false;  ///< else only when its cells differ: equal ones are said once, above the table
};

/// Names of axes, metrics, costs and row fields are of one family each (tests/family_test.cpp).
///
/// Pure functions, but for `plan` (which may ask for a calibration) and `build`. All JSON is as the record and the
/// trial protocol have it.
struct Family {
  std::string_view name;  ///< as in --family, and in the record
  std::string_view summary;
  std::vector<std::string_view> views;  ///< of a report, that its comparisons and costs feed
  std::vector<Axis> axes;               ///< its own, of no other family; all have common_axes() besides

  // A case.
  std::string (*name_of)(const Case&);  ///< without its program
  nlohmann::json (*fields_of)(const Case&);
  /// Throws nlohmann::json::exception or std::invalid_argument on what is missing or not allowed.
  Case (*case_from)(const nlohmann::json&);
  /// Cases that agree in it do the same work, however it travels and whoever does it: what a user chooses among when
  /// he deploys.
  std::string (*work_of)(const Case&);

  // Its cases. Throws UsageError for what cannot be measured.
  PlannedCases (*plan)(const Wish&);

  // In the trial. Throws what its parts throw: workloads::Unsupported, ipc::LimitReached, executors::StartFailed, ...
  Subject (*build)(const Case&, const Site&, Deadline);

  // Its results.
  std::string_view operation;   ///< what a task is called
  std::string_view unit;        ///< the same, behind a time: "/task"
  std::string_view cost;        ///< name of the time of an operation, in ns
  std::vector<Metric> metrics;  ///< beside those of every family
  bool has_workers = true;      ///< whose number is counted
  /// Its trials start programs of others, and are kept (trial/keeper.hpp).
  bool starts_programs = false;
  /// Every block is run by a process of its own: what was run before makes it no faster.
  bool fresh_blocks = false;
  /// What else the record says of a case that has so many tasks per block.
  nlohmann::json (*facts_of)(const Case&, std::uint64_t tasks);
  std::vector<RowField> row_fields;
  std::vector<Column> columns;
};

using FamilyCatalog = Catalog<Family>;

/// Throws std::invalid_argument that says what there is.
const Family& family_named(std::string_view name);
const Family& family_of(const Case& measured);
inline Who who_runs(const Case& measured) {
  return measured.facts.who;
}

/// "2" where both sides agree, "2|1" (processes|threads) where they differ: the deployed table's sides may.
std::string both(const std::string& processes, const std::string& threads);

}  // namespace mpmt::benchmarks
