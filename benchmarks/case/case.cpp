#include "benchmarks/case/case.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "benchmarks/case/family.hpp"

namespace mpmt::benchmarks {

std::string Case::name() const {
  const auto name = name_in_any_program();
  return program.empty() ? name : name + "/program:" + program;
}

std::string Case::name_in_any_program() const {
  return family_of(*this).name_of(*this);
}

std::uint64_t Case::batch_in(std::uint64_t tasks) const {
  if (batch != 0) return batch;
  const auto sharers = static_cast<std::uint64_t>(workers);
  return std::max<std::uint64_t>(1, (tasks + sharers - 1) / sharers);
}

std::string waiting_text(const Case& measured) {
  return measured.waiting_percent ? text(*measured.waiting_percent, "%") : std::string();
}

nlohmann::json to_json(const Case& measured) {
  auto fields = family_of(measured).fields_of(measured);
  fields["family"] = measured.family;
  if (!measured.program.empty()) fields["program"] = measured.program;
  return fields;
}

Case case_from(const nlohmann::json& fields) {
  const auto& family = family_named(fields.at("family").get<std::string>());
  Case made = family.case_from(fields);
  made.family = family.name;
  made.program = fields.value("program", fields.value("label", ""));  // as records once called twins
  return made;
}

}  // namespace mpmt::benchmarks
