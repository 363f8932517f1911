// What is doubtful about a run is said, and once.
#include "benchmarks/record/context.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace mpmt::benchmarks {
namespace {

const Capacity kFull{{{1, 1.0}, {2, 1.98}}, ""};
const Capacity kLow{{{1, 1.0}, {2, 1.5}}, ""};
const Capacity kRefused{{}, "no"};

CoreMatrix matrix(const std::string& why_unknown) {
  return {{0, 1}, {2, std::vector<std::optional<double>>(2)}, why_unknown};
}

TEST(CapacityWarnings, each_doubt_is_said_once) {
  struct Row {
    Capacity before;
    Capacity after;
    CoreMatrix matrix;
    std::vector<std::string> wanted;
  };
  const std::string low =
      "capacity: 2 CPUs together gave 1.5x one; no speed-up of work that computes can be above that";
  const std::vector<Row> table{
      {kFull, kFull, matrix(""), {}},
      {kFull, {}, matrix(""), {}},
      {kLow, {}, matrix(""), {low}},
      {kFull, kLow, matrix(""), {low}},
      {kLow, kFull, matrix(""), {low}},
      {kRefused, kRefused, matrix(""), {"the CPUs' capacity could not be measured: no"}},
      {kFull, kRefused, matrix(""), {"the CPUs' capacity could not be measured: no"}},
      {kFull, kFull, matrix("no"), {"the way from core to core could not be measured: no"}},
      {kRefused,
       kRefused,
       matrix("no"),
       {"the CPUs' capacity and the way from core to core could not be measured: no"}},
  };
  for (const auto& row : table) EXPECT_EQ(capacity_warnings(row.before, row.after, row.matrix), row.wanted);
}

TEST(ContextAtEnd, an_unknown_capacity_stays_null_when_it_is_merged) {
  nlohmann::json context{{"capacity", {{"before", nullptr}, {"after", nullptr}}}};
  auto merged = context;
  merged.merge_patch(context_at_end(3, 2, 1, false, kRefused, {}));
  EXPECT_EQ(merged.at("capacity"), context.at("capacity"));
  merged.merge_patch(context_at_end(3, 2, 1, true, {}, {}));
  EXPECT_EQ(merged.at("capacity").at("after"), nlohmann::json::array()) << "interrupted";
  merged.merge_patch(context_at_end(3, 2, 1, false, kFull, {}));
  EXPECT_EQ(merged.at("capacity").at("after").size(), 2U);
}

TEST(ContextAtEnd, says_how_much_was_measured_and_how_often_others_were_at_work) {
  const auto end = context_at_end(30, 10, 4, false, kFull, {"w"});
  EXPECT_EQ(end.at("trials"), nlohmann::json({{"done", 30}}));
  EXPECT_EQ(end.at("group_rounds"), nlohmann::json({{"done", 10}, {"busy", 4}}));
  EXPECT_EQ(end.at("warnings"), nlohmann::json::array({"w"}));
  EXPECT_EQ(end.at("interrupted"), false);
}

TEST(ContextRules, a_record_is_judged_by_its_own_and_one_without_by_those_of_today) {
  const Rules given{0.05, 0.9, 7};
  const auto found = rules_of({{"rules", {{"margin", given.margin}, {"confidence", given.confidence}, {"rows", 7}}}});
  EXPECT_EQ(found.margin, given.margin);
  EXPECT_EQ(found.confidence, given.confidence);
  EXPECT_EQ(found.rows, 7);
  const auto of_old = rules_of({{"schema_version", 2}});
  EXPECT_EQ(of_old.margin, Rules().margin);
  EXPECT_EQ(of_old.confidence, Rules().confidence);
  EXPECT_EQ(of_old.rows, 0) << "as many as it has";
}

}  // namespace
}  // namespace mpmt::benchmarks
