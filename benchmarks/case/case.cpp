#include "benchmarks/case/case.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "benchmarks/case/family.hpp"

namespace mpmt::benchmarks {

std::string Case::name() const {
  const auto name = family_of(*this).name_of(*this);
  return label.empty() ? name : name + "/as:" + label;
}

std::uint64_t Case::batch_in(std::uint64_t tasks) const {
  if (batch != 0) return batch;
  const auto sharers = static_cast<std::uint64_t>(workers);
  return std::max<std::uint64_t>(1, (tasks + sharers - 1) / sharers);
}

nlohmann::json to_json(const Case& measured) {
  auto fields = family_of(measured).fields_of(measured);
  fields["family"] = measured.family;
  if (!measured.label.empty()) fields["label"] = measured.label;
  return fields;
}

Case case_from(const nlohmann::json& fields) {
  const auto& family = family_named(fields.at("family").get<std::string>());
  Case made = family.case_from(fields);
  made.family = family.name;
  made.label = fields.value("label", "");
  return made;
}

}  // namespace mpmt::benchmarks
