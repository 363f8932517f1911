#include "benchmarks/case/pairing.hpp"

#include <cmath>
#include <map>
#include <string>
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

std::vector<Row> deployed_rows(const std::vector<Case>& cases, const std::vector<double>& costs_ns) {
  constexpr auto kNone = static_cast<std::size_t>(-1);
  std::map<std::string, Row> best;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const auto who = who_runs(cases[i]);
    const bool left_out = who == Who::neither || !cases[i].label.empty() || costs_ns[i] == HUGE_VAL ||
                          cases[i].placement == executors::Placement::free;
    if (left_out) continue;
    auto& row = best.try_emplace(family_of(cases[i]).work_of(cases[i]), Row{kNone, kNone}).first->second;
    auto& side = who == Who::threads ? row.threads : row.processes;
    if (side == kNone || costs_ns[i] < costs_ns[side]) side = i;
  }
  std::vector<Row> rows;
  for (const auto& [work, row] : best) {
    if (row.threads != kNone && row.processes != kNone) rows.push_back(row);
  }
  return rows;
}

}  // namespace mpmt::benchmarks
