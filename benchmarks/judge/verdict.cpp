#include "benchmarks/judge/verdict.hpp"

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>
#include <tuple>

#include "base/text.hpp"
#include "benchmarks/judge/statistics.hpp"

namespace mpmt::benchmarks {
namespace {

using executors::Placement;
using executors::Status;

constexpr int kLeastRounds = 5;
constexpr std::size_t kLeastToRelabel = 2 * std::size_t{kLeastRounds};
constexpr double kMargin = 1.03;
constexpr double kSignificant = 0.05;

/// The ok trials of a case, by round.
using Rounds = std::map<int, double>;

struct Measured {
  Case measured;
  Rounds rounds;
  int disturbed = 0;  ///< trials left out because somebody else used the CPUs
};

enum class Who { threads, processes, neither };

Who who_runs(const Case& measured) {
  if (measured.exchange.floor) return Who::neither;
  if (measured.is_exchange()) return measured.uses_processes() ? Who::processes : Who::threads;
  const auto* const executor = executors::ExecutorCatalog::instance().find(measured.executor);
  if (executor == nullptr || !executor->uses_channel) return Who::neither;
  return executor->sides == ipc::Sides::threads ? Who::threads : Who::processes;
}

std::vector<Measured> by_case(const std::vector<Observation>& observations) {
  std::map<std::string, Measured> cases;
  for (const auto& observation : observations) {
    auto& entry = cases.try_emplace(observation.measured.name(), Measured{observation.measured, {}, 0}).first->second;
    if (observation.status == Status::ok) entry.rounds[observation.round] = observation.cost_ns;
    entry.disturbed += observation.status == Status::disturbed;
  }
  std::vector<Measured> list;
  for (auto& [name, entry] : cases) list.push_back(std::move(entry));
  return list;
}

std::vector<double> values_of(const Rounds& rounds) {
  std::vector<double> values;
  for (const auto& [round, value] : rounds) values.push_back(value);
  return values;
}

/// What two exchanges have in common that carry the same load.
auto load_of(const Exchange& e) {
  return std::tuple(e.pattern, e.message_bytes, e.touched, e.rate);
}
auto controlled_key(const Case& c) {
  return std::tuple(c.workload, c.grain, c.payload_bytes, c.batch, c.window, c.placement, c.wait, c.channel, c.workers,
                    load_of(c.exchange), c.exchange.futex);
}
/// One CPU and two are different deployments of a channel; where workers run is a pool's own choice.
auto deployed_key(const Case& c) {
  return std::tuple(c.workload, c.grain, c.payload_bytes, load_of(c.exchange),
                    c.is_exchange() ? c.placement : Placement::spread);
}

/// What is known before the correction over the table.
Comparison estimate(const Measured& processes, const Measured& threads, bool deployed) {
  Comparison row;
  row.deployed = deployed;
  row.processes = processes.measured;
  row.threads = threads.measured;
  std::vector<double> numerators;
  std::vector<double> denominators;
  for (const auto& [round, value] : processes.rounds) {
    const auto other = threads.rounds.find(round);
    if (other == threads.rounds.end()) continue;
    numerators.push_back(value);
    denominators.push_back(other->second);
  }
  row.rounds = static_cast<int>(numerators.size());
  if (row.rounds < kLeastRounds) {
    row.reason = text(row.rounds, " rounds with both sides, ", kLeastRounds, " are needed");
    if (const int lost = processes.disturbed + threads.disturbed; lost > 0) {
      row.reason += text("; ", lost, " trials were disturbed");
    }
  }
  if (row.rounds < 2) return row;
  const auto [ratio, low, high, p_value] = paired_ratio(numerators, denominators);
  std::tie(row.ratio, row.low, row.high, row.p_value) = std::tie(ratio, low, high, p_value);
  row.detectable = std::max(row.high / row.ratio, kMargin) - 1;
  std::string unstable;
  for (const auto& [side, who] : {std::pair(&processes, "processes"), std::pair(&threads, "threads")}) {
    const auto why = instability(values_of(side->rounds));
    if (!why.empty()) unstable += text(unstable.empty() ? "" : "; ", who, ": ", why);
  }
  if (!unstable.empty()) {
    row.verdict = Verdict::unstable;
    row.reason = unstable;
  }
  if (row.processes.placement == Placement::free || row.threads.placement == Placement::free) {
    const auto faster =
        std::count_if(numerators.begin(), numerators.end(),
                      [&, i = std::size_t{0}](double value) mutable { return value < denominators[i++]; });
    row.reason += text(row.reason.empty() ? "" : "; ", "not pinned: processes were faster in ", faster, " of ",
                       row.rounds, " rounds");
  }
  return row;
}

void decide(Comparison& row) {
  if (row.verdict == Verdict::unstable) return;
  if (row.rounds < kLeastRounds) return;
  if (row.processes.placement == Placement::free || row.threads.placement == Placement::free)
    return;  // luck names no winner
  if (row.low > 1 / kMargin && row.high < kMargin) {
    row.verdict = Verdict::same;
  } else if (row.p_holm < kSignificant && row.low > 1 && row.ratio >= kMargin) {
    row.verdict = Verdict::threads;
  } else if (row.p_holm < kSignificant && row.high < 1 && row.ratio <= 1 / kMargin) {
    row.verdict = Verdict::processes;
  }
}

/// Corrects the p-values over the rows of a table that have one, and decides each row.
void decide_table(std::vector<Comparison>& rows) {
  std::vector<double> p_values;
  for (const auto& row : rows) {
    if (row.rounds >= 2) p_values.push_back(row.p_value);
  }
  const auto adjusted = holm(p_values);
  auto next = adjusted.begin();
  for (auto& row : rows) {
    if (row.rounds >= 2) row.p_holm = *next++;
    decide(row);
  }
}

std::vector<Comparison> controlled_rows(const std::vector<Measured>& cases) {
  std::vector<Comparison> rows;
  std::multimap<decltype(controlled_key(Case())), const Measured*> threads;
  for (const auto& entry : cases) {
    if (who_runs(entry.measured) == Who::threads) threads.emplace(controlled_key(entry.measured), &entry);
  }
  for (const auto& entry : cases) {
    if (who_runs(entry.measured) != Who::processes) continue;
    const auto [first, last] = threads.equal_range(controlled_key(entry.measured));
    for (auto other = first; other != last; ++other) rows.push_back(estimate(entry, *other->second, false));
  }
  return rows;
}

double typical(const Measured& entry) {
  return median(values_of(entry.rounds));
}

std::vector<Comparison> deployed_rows(const std::vector<Measured>& cases) {
  struct Best {
    const Measured* threads = nullptr;
    const Measured* processes = nullptr;
  };
  std::map<decltype(deployed_key(Case())), Best> best;
  for (const auto& entry : cases) {
    const auto who = who_runs(entry.measured);
    if (who == Who::neither || entry.rounds.empty() || entry.measured.placement == Placement::free) continue;
    auto& places = best[deployed_key(entry.measured)];
    auto& place = who == Who::threads ? places.threads : places.processes;
    if (place == nullptr || typical(entry) < typical(*place)) place = &entry;
  }
  std::vector<Comparison> rows;
  for (const auto& [key, pair] : best) {
    if (pair.threads != nullptr && pair.processes != nullptr)
      rows.push_back(estimate(*pair.processes, *pair.threads, true));
  }
  return rows;
}

}  // namespace

std::vector<Comparison> compare(const std::vector<Observation>& observations) {
  const auto cases = by_case(observations);
  auto rows = controlled_rows(cases);
  auto deployed = deployed_rows(cases);
  decide_table(rows);
  decide_table(deployed);
  rows.insert(rows.end(), deployed.begin(), deployed.end());
  TaskTimes times;
  for (const auto& observation : observations) {
    if (observation.status == Status::ok) times.add(observation.measured, observation.cost_ns);
  }
  for (auto& row : rows) row.task = times.of(row.threads);
  return rows;
}

std::string_view text_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::threads:
      return "threads";
    case Verdict::processes:
      return "processes";
    case Verdict::same:
      return "same";
    case Verdict::unstable:
      return "unstable";
    case Verdict::undecided:
      break;
  }
  return "undecided";
}

namespace {

void describe_exchange(nlohmann::json& fields, const Comparison& row) {
  for (const auto* name : {"workload", "workers", "grain", "batch", "batch_split", "payload_bytes"}) {
    fields[name] = nullptr;
  }
  const Exchange& exchange = row.processes.exchange;
  fields["pattern"] = text_of(exchange.pattern);
  fields["message_bytes"] = exchange.message_bytes;
  fields["touched"] = exchange.touched;
  fields["rate"] = nullptr;
  if (exchange.pattern == pairs::Pattern::open_loop) fields["rate"] = exchange.rate;
  fields["futex"] = nullptr;
  if (exchange.futex && exchange.futex == row.threads.exchange.futex) fields["futex"] = text_of(*exchange.futex);
}

}  // namespace

nlohmann::json to_json(const Comparison& row) {
  const Case& c = row.processes;
  const auto number = [&](double value) { return row.rounds < 2 ? nlohmann::json(nullptr) : nlohmann::json(value); };
  const auto shared = [&](auto field) {
    using Value = std::decay_t<decltype(c.*field)>;
    if (c.*field == row.threads.*field) return nlohmann::json(Value(c.*field));
    return nlohmann::json(nullptr);  // in the deployed table the two sides may differ
  };
  nlohmann::json fields{
      {"table", row.deployed ? "deployed" : "controlled"},
      {"workload", c.workload},
      {"channel", row.deployed ? nlohmann::json(nullptr) : nlohmann::json(c.channel)},
      {"workers", shared(&Case::workers)},
      {"grain", c.grain},
      {"batch", shared(&Case::batch)},
      {"batch_split", c.batch == row.threads.batch ? nlohmann::json(c.batch == 0) : nlohmann::json(nullptr)},
      {"payload_bytes", c.payload_bytes},
      {"window", shared(&Case::window)},
      {"placement", nullptr},
      {"wait", nullptr},
      {"processes_case", c.name()},
      {"threads_case", row.threads.name()},
      {"rounds", row.rounds},
      {"ratio", number(row.ratio)},
      {"low", number(row.low)},
      {"high", number(row.high)},
      {"p_value", number(row.p_value)},
      {"p_holm", number(row.p_holm)},
      {"verdict", text_of(row.verdict)},
      {"detectable", number(row.detectable)},
      {"reason", row.reason}};
  if (c.placement == row.threads.placement) fields["placement"] = text_of(c.placement);
  if (c.wait == row.threads.wait) fields["wait"] = text_of(c.wait);
  if (c.is_exchange()) describe_exchange(fields, row);
  return fields;
}

double false_winner_share(const std::vector<Observation>& observations, int tables, std::uint64_t seed) {
  const auto cases = by_case(observations);
  std::vector<const Measured*> usable;
  for (const auto& entry : cases) {
    const bool pinned = entry.measured.placement != Placement::free;
    if (pinned && who_runs(entry.measured) != Who::neither && entry.rounds.size() >= kLeastToRelabel)
      usable.push_back(&entry);
  }
  if (usable.empty()) return -1;
  const auto rows_per_table = std::max<std::size_t>(1, controlled_rows(cases).size());
  std::mt19937_64 random(seed);
  std::uniform_int_distribution<std::size_t> any_case(0, usable.size() - 1);
  std::bernoulli_distribution coin;
  int alarms = 0;
  for (int table = 0; table < tables; ++table) {
    std::vector<Comparison> rows;
    for (std::size_t r = 0; r < rows_per_table; ++r) {
      const Measured& source = *usable[any_case(random)];
      const auto values = values_of(source.rounds);
      Measured one{source.measured, {}, 0};
      Measured other{source.measured, {}, 0};
      const std::size_t first = values.size() % 2 == 0 ? 0 : static_cast<std::size_t>(coin(random));
      for (std::size_t i = first; i + 1 < values.size(); i += 2) {
        const bool swapped = coin(random);
        one.rounds[static_cast<int>(i)] = values[i + swapped];
        other.rounds[static_cast<int>(i)] = values[i + !swapped];
      }
      rows.push_back(estimate(one, other, false));
    }
    decide_table(rows);
    const auto names_winner = [](const auto& row) {
      return row.verdict == Verdict::threads || row.verdict == Verdict::processes;
    };
    alarms += std::any_of(rows.begin(), rows.end(), names_winner);
  }
  return static_cast<double>(alarms) / tables;
}

}  // namespace mpmt::benchmarks
