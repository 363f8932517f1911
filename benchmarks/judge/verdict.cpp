#include "benchmarks/judge/verdict.hpp"

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <map>
#include <nlohmann/json.hpp>
#include <random>

#include "base/text.hpp"
#include "benchmarks/case/family.hpp"
#include "benchmarks/case/names.hpp"
#include "benchmarks/case/pairing.hpp"
#include "benchmarks/judge/sequence.hpp"
#include "benchmarks/judge/statistics.hpp"

namespace mpmt::benchmarks {
namespace {

using executors::Placement;

/// A case's rounds, in the order in which they were made.
struct Series {
  Case measured;
  std::map<std::pair<std::string, int>, const Observation*> rounds;  ///< by group and number
  int disturbed = 0;
  std::string error = {};  ///< the first
  bool unsupported = false;
};

std::vector<Series> by_case(const std::vector<Observation>& observations) {
  std::map<std::string, std::size_t> places;
  std::vector<Series> list;
  for (const auto& observation : observations) {
    const auto place = places.try_emplace(observation.measured.name(), list.size()).first->second;
    if (place == list.size()) list.push_back({observation.measured, {}});
    if (observation.ok()) list[place].rounds[{observation.together, observation.round}] = &observation;
    list[place].disturbed += observation.disturbed;
    if (list[place].error.empty()) list[place].error = observation.error;
    list[place].unsupported |= observation.unsupported;
  }
  return list;
}

double log_ratio_of(const Observation& a, const Observation& b) {
  const bool in_turns = a.together == b.together && a.laps_ns.size() == b.laps_ns.size();
  if (!in_turns) return std::log(b.cost_ns / a.cost_ns);
  std::vector<Lap> laps;
  for (std::size_t i = 0; i < a.laps_ns.size(); ++i) laps.push_back({a.laps_ns[i], b.laps_ns[i]});
  return log_ratio_of(laps);
}

bool took_turns_as_deployed(const Observation& observation) {
  return observation.together.starts_with(kDeployedGroup);
}

/// Of the rounds that both have: of the same group; without any, of the same number.
std::vector<double> log_ratios(const Series& a, const Series& b) {
  std::vector<double> in_turns;
  std::vector<double> apart;
  std::map<int, const Observation*> others;
  for (const auto& [round, observation] : b.rounds) others.emplace(round.second, observation);
  for (const auto& [round, observation] : a.rounds) {
    const auto same = b.rounds.find(round);
    const auto other = others.find(round.second);
    if (same != b.rounds.end()) in_turns.push_back(log_ratio_of(*observation, *same->second));
    if (other != others.end()) apart.push_back(log_ratio_of(*observation, *other->second));
  }
  return in_turns.empty() ? apart : in_turns;
}

/// Some of a case's rounds. `deployed`: those in which deployed contenders took turns; else those after the ones that
/// choose them, whatever group they are from.
Series part_of(const Series& series, bool deployed) {
  Series part{series.measured, {}, series.disturbed, series.error, series.unsupported};
  for (const auto& [round, observation] : series.rounds) {
    const bool chooses = !deployed && round.second < choosing_rounds();
    if (took_turns_as_deployed(*observation) == deployed && !chooses) part.rounds[round] = observation;
  }
  return part;
}

bool is_free(const Case& measured) {
  return measured.placement == Placement::free;
}

Verdict verdict_of(Judgement judgement) {
  switch (judgement) {
    case Judgement::a_faster:
      return Verdict::a_faster;
    case Judgement::b_faster:
      return Verdict::b_faster;
    case Judgement::same:
      return Verdict::same;
    case Judgement::unstable:
      return Verdict::unstable;
    case Judgement::undecided:
      break;
  }
  return Verdict::undecided;
}

Finding found_in(const std::vector<double>& logs, const Rules& rules) {
  Sequence sequence(rules);
  for (const double log : logs) sequence.add(log);
  return sequence.finding();
}

Comparison compared(const Series& a, const Series& b, const Rules& rules) {
  const auto logs = log_ratios(a, b);
  auto row = controlled_row(a.measured, b.measured, static_cast<int>(logs.size()), found_in(logs, rules));
  const auto names = row.names();
  if (is_free(a.measured) || is_free(b.measured)) {
    const auto faster = std::count_if(logs.begin(), logs.end(), [](double log) { return log < 0; });
    row.reason += text("; ", names.b, row.of_programs() ? " was" : " were", " faster in ", faster, " of ", logs.size(),
                       " rounds");
  }
  for (const auto& [side, series] : {std::pair(names.a, &a), {names.b, &b}}) {
    if (!series->rounds.empty() || series->error.empty()) continue;
    row.reason = text(side, ": ", series->error);
    row.unsupported |= series->unsupported;
  }
  if (const int lost = a.disturbed + b.disturbed; row.finding.rounds == 0 && lost > 0) {
    row.reason += text("; ", lost, " were disturbed");
  }
  return row;
}

/// Of its first rounds; the larger of two unknowns.
double typical(const Series& series) {
  std::vector<double> costs;
  for (const auto& [round, observation] : series.rounds) {
    const bool chooses = round.second < choosing_rounds() && !took_turns_as_deployed(*observation);
    if (chooses) costs.push_back(observation->cost_ns);
  }
  return costs.empty() ? HUGE_VAL : median(costs);
}

std::vector<Case> cases_of(const std::vector<Series>& list) {
  std::vector<Case> cases;
  for (const auto& series : list) cases.push_back(series.measured);
  return cases;
}

std::vector<Comparison> compared_as_deployed(const std::vector<Series>& list, const std::vector<Comparison>& controlled,
                                             const Rules& rules) {
  std::vector<double> costs;
  for (const auto& series : list) costs.push_back(typical(series));
  std::vector<Comparison> rows;
  for (const auto& row : deployed_rows(cases_of(list), costs)) {
    const auto& threads = list[row.a];
    const auto& processes = list[row.b];
    const auto same = std::find_if(controlled.begin(), controlled.end(), [&](const auto& other) {
      return other.a.name() == threads.measured.name() && other.b.name() == processes.measured.name();
    });
    if (same != controlled.end()) {
      rows.push_back(*same);
    } else {
      const bool in_turns = !log_ratios(part_of(threads, true), part_of(processes, true)).empty();
      rows.push_back(compared(part_of(threads, in_turns), part_of(processes, in_turns), rules));
    }
    rows.back().deployed = true;
  }
  return rows;
}

}  // namespace

int choosing_rounds() {
  return looks().front();
}

Comparison controlled_row(const Case& a, const Case& b, int rounds, const Finding& finding) {
  Comparison row;
  row.a = a;
  row.b = b;
  row.rounds = rounds;
  row.finding = finding;
  row.verdict = verdict_of(finding.judgement);
  row.reason = finding.reason;
  if (is_free(a) || is_free(b)) {
    row.verdict = Verdict::undecided;
    row.reason = "not pinned";
  }
  return row;
}

std::vector<Comparison> compare(const std::vector<Observation>& observations, Rules rules) {
  const auto cases = by_case(observations);
  const auto controlled = controlled_rows(cases_of(cases));
  if (rules.rows < 1) rules.rows = std::max(1, static_cast<int>(controlled.size()));
  std::vector<Comparison> rows;
  for (const auto& row : controlled) rows.push_back(compared(cases[row.a], cases[row.b], rules));
  const auto deployed = compared_as_deployed(cases, rows, rules);
  rows.insert(rows.end(), deployed.begin(), deployed.end());
  TaskTimes times;
  for (const auto& observation : observations) {
    if (observation.ok()) times.add(observation.measured, observation.cost_ns);
  }
  for (auto& row : rows) row.task = times.of(row.a);
  return rows;
}

bool is_decided(const Comparison& row) {
  return row.verdict != Verdict::undecided && row.verdict != Verdict::unstable;
}

std::string_view verdict_text(const Comparison& row) {
  switch (row.verdict) {
    case Verdict::a_faster:
      return row.of_programs() ? "a" : "threads";
    case Verdict::b_faster:
      return row.of_programs() ? "b" : "processes";
    case Verdict::same:
      return "same";
    case Verdict::unstable:
      return "unstable";
    case Verdict::undecided:
      break;
  }
  return "undecided";
}

nlohmann::json to_json(const Comparison& row) {
  using Json = nlohmann::json;
  const Case& c = row.b;
  const Case& t = row.a;
  // In the deployed table the two sides may differ; what a case does not have is null in its own fields.
  const auto shared = [a = to_json(t), b = to_json(c)](const char* field) {
    return a.at(field) == b.at(field) ? a.at(field) : Json(nullptr);
  };
  const auto number = [&](double value) { return row.finding.rounds == 0 ? Json(nullptr) : Json(value); };
  const auto* const table = row.of_programs() ? "programs" : row.deployed ? "deployed" : "controlled";
  Json fields{{"table", table},
              {"channel", row.deployed ? Json(nullptr) : shared("channel")},
              {"window", shared("window")},
              {"placement", shared("placement")},
              {"wait", shared("wait")},
              {row.of_programs() ? "b_case" : "processes_case", c.name()},
              {row.of_programs() ? "a_case" : "threads_case", t.name()},
              {"rounds", row.rounds},
              {"rounds_looked_at", row.finding.rounds},
              {"ratio", number(row.finding.ratio)},
              {"low", number(row.finding.low)},
              {"high", number(row.finding.high)},
              {"verdict", verdict_text(row)},
              {"detectable", number(row.finding.detectable)},
              {"reason", row.reason}};
  if (row.of_programs()) fields.update({{"a", row.names().a}, {"b", row.names().b}});
  for (const auto& family : FamilyCatalog::instance().all()) {
    for (const auto& field : family.row_fields) {
      fields[field.name] = family.name == c.family ? field.of(c, t) : Json(nullptr);
    }
  }
  return fields;
}

double false_winner_share(const std::vector<Observation>& observations, int tables, std::uint64_t seed, Rules rules) {
  const auto cases = by_case(observations);
  std::vector<std::vector<double>> usable;  // logs of costs, of a case's rounds in their order
  for (const auto& series : cases) {
    const auto least = 2 * static_cast<std::size_t>(looks().front());
    if (is_free(series.measured) || who_runs(series.measured) == Who::neither || series.rounds.size() < least) continue;
    auto& costs = usable.emplace_back();
    for (const auto& [round, observation] : series.rounds) costs.push_back(std::log(observation->cost_ns));
  }
  if (usable.empty()) return -1;
  rules.rows = std::max(1, static_cast<int>(controlled_rows(cases_of(cases)).size()));
  std::mt19937_64 random(seed);
  std::uniform_int_distribution<std::size_t> any_case(0, usable.size() - 1);
  std::bernoulli_distribution coin;
  int alarms = 0;
  for (int table = 0; table < tables; ++table) {
    bool alarm = false;
    for (int r = 0; r < rules.rows; ++r) {
      const auto& costs = usable[any_case(random)];
      std::vector<double> logs;
      for (std::size_t i = costs.size() % 2 == 0 ? 0 : coin(random); i + 1 < costs.size(); i += 2) {
        logs.push_back(coin(random) ? costs[i] - costs[i + 1] : costs[i + 1] - costs[i]);
      }
      const auto judgement = found_in(logs, rules).judgement;
      alarm = alarm || judgement == Judgement::a_faster || judgement == Judgement::b_faster;
    }
    alarms += alarm;
  }
  return static_cast<double>(alarms) / tables;
}

}  // namespace mpmt::benchmarks
