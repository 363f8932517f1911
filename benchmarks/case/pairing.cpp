#include "benchmarks/case/pairing.hpp"

#include <map>
#include <tuple>

#include "benchmarks/case/family.hpp"

namespace mpmt::benchmarks {
namespace {

/// What two pairs of sides have in common that carry the same load.
auto load_of(const PairParameters& pair) {
  return std::tuple(pair.pattern, pair.message_bytes, pair.touched, pair.rate);
}

auto controlled_key(const Case& c) {
  return std::tuple(c.family, c.workload, c.grain, c.payload_bytes, c.batch, c.window, c.placement, c.wait, c.channel,
                    c.workers, load_of(c.pair), c.pair.futex);
}

}  // namespace

std::vector<Row> controlled_rows(const std::vector<Case>& cases) {
  std::multimap<decltype(controlled_key(Case())), std::size_t> threads;
  std::map<std::string, std::size_t> twins;
  std::vector<Row> rows;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    if (!cases[i].label.empty()) {
      Case without = cases[i];
      without.label.clear();
      const auto [first, is_first] = twins.try_emplace(without.name(), i);
      if (!is_first) rows.push_back({first->second, i});
    } else if (who_runs(cases[i]) == Who::threads) {
      threads.emplace(controlled_key(cases[i]), i);
    }
  }
  for (std::size_t i = 0; i < cases.size(); ++i) {
    if (!cases[i].label.empty() || who_runs(cases[i]) != Who::processes) continue;
    const auto [first, last] = threads.equal_range(controlled_key(cases[i]));
    for (auto other = first; other != last; ++other) rows.push_back({other->second, i});
  }
  return rows;
}

}  // namespace mpmt::benchmarks
