// Parts of the lower layers by the names that a user or a case has for them.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "base/catalog.hpp"
#include "base/text.hpp"

namespace mpmt::benchmarks {

/// Of a case. Throws std::invalid_argument that says what there is.
template <class Part>
const Part& part_named(const std::string& name) {
  const auto& catalog = Catalog<Part>::instance();
  if (const auto* const found = catalog.find(name)) return *found;
  throw std::invalid_argument(text("'", name, "' is unknown; known: ", catalog.names()));
}

template <class Part>
std::vector<std::string> all_names() {
  std::vector<std::string> names;
  for (const auto& part : Catalog<Part>::instance().all()) names.emplace_back(part.name);
  return names;
}

}  // namespace mpmt::benchmarks
