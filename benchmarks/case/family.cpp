#include "benchmarks/case/family.hpp"

#include <stdexcept>

#include "base/text.hpp"

namespace mpmt::benchmarks {

const Family& family_named(std::string_view name) {
  const auto& catalog = FamilyCatalog::instance();
  if (const auto* const family = catalog.find(name)) return *family;
  throw std::invalid_argument(text("'", name, "' is unknown; allowed: ", catalog.names()));
}

const Family& family_of(const Case& measured) {
  return family_named(measured.family);
}

const std::vector<Measure>& common_measures() {
  static const std::vector<Measure> measures{{"latency_ns", "latency", "ns", "latency of a message"},
                                             {"startup_ns", "startup", "ns", "start-up"},
                                             {"shutdown_ns", "startup", "ns", "shutdown"}};
  return measures;
}

std::string both(const std::string& processes, const std::string& threads) {
  return processes == threads ? processes : text(processes, "|", threads);
}

}  // namespace mpmt::benchmarks
