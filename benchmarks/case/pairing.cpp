#include "benchmarks/case/pairing.hpp"

#include <algorithm>
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
  return std::tuple(c.program, c.family, c.workload, c.grain, c.payload_bytes, c.waiting_percent, c.batch, c.window,
                    c.placement, c.wait, c.channel, c.workers, load_of(c.pair), c.pair.futex);
}

void add_rows_of_programs(const std::vector<Case>& cases, std::vector<Row>& rows) {
  std::map<std::string, std::size_t> firsts;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const auto [first, is_first] = firsts.try_emplace(cases[i].name_in_any_program(), i);
    const Case& a = cases[first->second];
    const bool comparable = compares_programs(a, cases[i]) && a.facts.version == cases[i].facts.version;
    if (!is_first && comparable) rows.push_back({first->second, i});
  }
}

}  // namespace

SideNames side_names(const Case& a, const Case& b) {
  if (!compares_programs(a, b)) return {"threads", "processes"};
  return {a.program, b.program};
}

SharedCases::SharedCases(const std::vector<Case>& cases) {
  std::vector<Row> rows;
  const bool several =
      std::any_of(cases.begin(), cases.end(), [&](const Case& one) { return one.program != cases.front().program; });
  if (several) add_rows_of_programs(cases, rows);
  for (const auto& row : rows) {
    for (const auto side : {row.a, row.b}) {
      if (!shared_by(cases[side].program)) programs_.push_back(cases[side].program);
    }
  }
}

bool SharedCases::shared_by(const std::string& program) const {
  return std::find(programs_.begin(), programs_.end(), program) != programs_.end();
}

std::vector<Row> controlled_rows(const std::vector<Case>& cases, const SharedCases& shared) {
  std::multimap<decltype(controlled_key(Case())), std::size_t> threads;
  std::vector<Row> rows;
  if (shared.any()) add_rows_of_programs(cases, rows);
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const bool is_side = who_runs(cases[i]) == Who::threads && !shared.shared_by(cases[i].program);
    if (is_side) threads.emplace(controlled_key(cases[i]), i);
  }
  for (std::size_t i = 0; i < cases.size(); ++i) {
    if (who_runs(cases[i]) != Who::processes) continue;
    const auto [first, last] = threads.equal_range(controlled_key(cases[i]));
    for (auto other = first; other != last; ++other) rows.push_back({other->second, i});
  }
  return rows;
}

std::vector<Row> deployed_rows(const std::vector<Case>& cases, const std::vector<double>& costs_ns) {
  constexpr auto kNone = static_cast<std::size_t>(-1);
  const SharedCases shared(cases);
  std::map<std::string, Row> best;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const auto who = who_runs(cases[i]);
    const bool left_out = who == Who::neither || shared.shared_by(cases[i].program) || costs_ns[i] == HUGE_VAL ||
                          cases[i].placement == executors::Placement::free;
    if (left_out) continue;
    const auto work = cases[i].program + "/" + family_of(cases[i]).work_of(cases[i]);
    auto& row = best.try_emplace(work, Row{kNone, kNone}).first->second;
    auto& side = who == Who::threads ? row.a : row.b;
    if (side == kNone || costs_ns[i] < costs_ns[side]) side = i;
  }
  std::vector<Row> rows;
  for (const auto& [work, row] : best) {
    if (row.a != kNone && row.b != kNone) rows.push_back(row);
  }
  return rows;
}

}  // namespace mpmt::benchmarks
