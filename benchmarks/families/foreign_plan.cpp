#include "benchmarks/families/foreign_plan.hpp"

#include <map>

#include "base/text.hpp"
#include "benchmarks/case/parameters.hpp"

namespace mpmt::benchmarks {
namespace {

using Json = nlohmann::json;

Json bytes_of(const std::optional<executors::Memory>& memory, std::uint64_t executors::Memory::*part) {
  return memory && (*memory).*part != 0 ? Json((*memory).*part) : Json(nullptr);  // no process has none
}

}  // namespace

std::string name_of_foreign(const std::string& what, const Case& c) {
  std::string name = what;
  // In the order in which a record gives them back: a case's name is the same when it is read.
  const std::map<std::string, std::string> parameters(c.foreign.parameters.begin(), c.foreign.parameters.end());
  for (const auto& [parameter, value] : parameters) name += text("/", parameter, ":", value);
  return name;
}

PlannedCases plan_combinations(const Wish& wish) {
  PlannedCases planned;
  // A program that stands for values of its own has them already; they are what it is called by.
  const bool has_own = !wish.program.foreign.parameters.empty();
  for (const auto& parameters : combinations_of(has_own ? std::vector<ParameterList>() : wish.axes.parameters)) {
    wish.step();
    Case made;
    made.facts = foreign_facts();
    made.foreign = wish.program.foreign;
    made.foreign.parameters = parameters;
    auto& foreign = made.foreign;
    auto known = has_own ? wish.program.foreign.parameters : parameters;
    known.emplace_back("name", wish.program.name);
    if (wish.program.port > 0) known.emplace_back("port", text(wish.program.port));
    for (auto* const part : {&foreign.command, &foreign.serve, &foreign.ready, &foreign.setup, &foreign.prepare,
                             &foreign.cleanup, &foreign.input}) {
      *part = filled_in(*part, known);
    }
    std::string group = "commands";
    for (const auto& [name, value] : parameters) group += text("/", name, ":", value);
    // Each is as long as it is: blocks of several tasks are for those that are short.
    planned.cases.push_back({made, group, group});
  }
  return planned;
}

CaseFacts foreign_facts() {
  CaseFacts facts;
  facts.has_window = facts.has_wait = false;
  return facts;
}

Json parameters_json(const Case& c) {
  Json fields = Json::object();
  for (const auto& [name, value] : c.foreign.parameters) fields[name] = value;
  return fields;
}

void read_parameters(const Json& fields, Case& c) {
  for (const auto& [name, value] : fields.at("parameters").items()) {
    c.foreign.parameters.emplace_back(name, value.get<std::string>());
  }
}

std::vector<Metric> memory_metrics(const Measure& peak, const Measure& pss) {
  return {
      {peak, [](const Case&, const Totals& totals) { return bytes_of(totals.memory, &executors::Memory::peak_bytes); }},
      {pss, [](const Case&, const Totals& totals) { return bytes_of(totals.memory, &executors::Memory::pss_bytes); }}};
}

}  // namespace mpmt::benchmarks
