// A benchmark of any program that uses the Google Benchmark library: one iteration is one task.
#include <nlohmann/json.hpp>

#include <algorithm>
#include <string>
#include <vector>

#include "base/shown.hpp"
#include "base/text.hpp"
#include "benchmarks/case/family.hpp"
#include "benchmarks/families/foreign_plan.hpp"
#include "commands/google_benchmark.hpp"

namespace mpmt::benchmarks {
namespace {

using Json = nlohmann::json;

/// Names are any bytes; where they are no text, they are shown as it.
std::string name_of(const Case& c) {
  return is_utf8(c.foreign.benchmark) ? c.foreign.benchmark : shown(c.foreign.benchmark);
}

/// Bytes as numbers, for JSON, which has text only.
std::vector<int> numbers_of(const std::string& bytes) {
  std::vector<int> numbers;
  for (const char byte : bytes) numbers.push_back(static_cast<unsigned char>(byte));
  return numbers;
}

std::string bytes_of(const std::vector<int>& numbers) {
  std::string bytes;
  for (const int number : numbers) bytes += static_cast<char>(number);
  return bytes;
}

Json fields_of(const Case& c) {
  Json fields{{"benchmark", name_of(c)}, {"words", c.foreign.words}, {"fixed_iterations", c.foreign.fixed_iterations},
              {"channel", nullptr},      {"window", nullptr},        {"placement", nullptr},
              {"wait", nullptr}};
  if (!is_utf8(c.foreign.benchmark)) fields["benchmark_bytes"] = numbers_of(c.foreign.benchmark);
  return fields;
}

Case read_case(const Json& fields) {
  Case made;
  made.facts = foreign_facts();
  made.foreign.benchmark = fields.at("benchmark").get<std::string>();
  if (fields.contains("benchmark_bytes")) {
    made.foreign.benchmark = bytes_of(fields.at("benchmark_bytes").get<std::vector<int>>());
  }
  made.foreign.words = fields.at("words").get<std::vector<std::string>>();
  made.foreign.fixed_iterations = fields.at("fixed_iterations").get<bool>();
  return made;
}

PlannedCases plan(const Wish& wish) {
  PlannedCases planned;
  for (const auto& note : wish.program.notes) planned.note(text(wish.program.name, ": ", note));
  for (const auto& name : wish.program.benchmarks) {
    wish.step();
    Case made;
    made.facts = foreign_facts();
    made.foreign = wish.program.foreign;
    made.foreign.benchmark = name;
    planned.cases.push_back({made, name_of(made), name_of(made)});
  }
  for (const auto& other : wish.programs) {
    std::string lacking;
    std::size_t count = 0;
    for (const auto& name : other.benchmarks) {
      const auto& own = wish.program.benchmarks;
      if (std::find(own.begin(), own.end(), name) == own.end() && ++count == 1) lacking = name;
    }
    if (count == 0) continue;
    planned.note(text("unsupported: ", wish.program.name, " has no ", lacking,
                      count == 1 ? "" : text(" and ", count - 1, " more"), " of ", other.name));
  }
  return planned;
}

Subject build(const Case& c, const Site&, Deadline deadline) {
  Subject subject;
  subject.expected_sum = [](std::uint64_t tasks) { return tasks; };
  const auto start = Clock::now();
  subject.executor = commands::start_google({.name = c.program,
                                             .command = c.foreign.words,
                                             .benchmark = c.foreign.benchmark,
                                             .fixed_iterations = c.foreign.fixed_iterations},
                                            deadline);
  subject.startup = since(start);
  return subject;
}

using Sides = const Case&;

const Registered<Family> registered{{.name = "google",
                                     .summary = "benchmarks of Google Benchmark programs (--program)",
                                     .views = {"verdict"},
                                     .axes = {},
                                     .name_of = name_of,
                                     .fields_of = fields_of,
                                     .case_from = read_case,
                                     .work_of = name_of,
                                     .plan = plan,
                                     .build = build,
                                     .operation = "iteration",
                                     .unit = "/iteration",
                                     .cost = "ns_per_iteration",
                                     .metrics = {},
                                     .has_workers = false,
                                     .starts_programs = true,
                                     .fresh_blocks = true,
                                     .facts_of = [](const Case&, std::uint64_t) { return Json::object(); },
                                     .row_fields = {{"benchmark", [](Sides b, Sides) { return Json(name_of(b)); }}},
                                     .columns = {{"benchmark", [](Sides b, Sides) { return name_of(b); }, true}}}};

}  // namespace
}  // namespace mpmt::benchmarks
