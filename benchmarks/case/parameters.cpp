#include "benchmarks/case/parameters.hpp"

#include "base/text.hpp"

namespace mpmt::benchmarks {
namespace {

/// More cases than that are no question any more.
constexpr std::size_t kMostCombinations = 1000;

void replace_all(std::string& text, const std::string& wanted, const std::string& by) {
  for (auto at = text.find(wanted); at != std::string::npos; at = text.find(wanted, at + by.size())) {
    text.replace(at, wanted.size(), by);
  }
}

}  // namespace

std::vector<Parameters> combinations_of(const std::vector<ParameterList>& lists) {
  std::vector<Parameters> all{{}};
  for (const auto& list : lists) {
    std::vector<Parameters> longer;
    for (const auto& some : all) {
      for (const auto& value : list.values) {
        longer.push_back(some);
        longer.back().emplace_back(list.name, value);
      }
    }
    all = std::move(longer);
    if (all.size() > kMostCombinations) {
      throw UsageError(text("--parameter-list: more than ", kMostCombinations, " combinations"));
    }
  }
  return all;
}

std::string filled_in(std::string text, const Parameters& parameters) {
  for (const auto& [name, value] : parameters) replace_all(text, "{" + name + "}", value);
  return text;
}

}  // namespace mpmt::benchmarks
