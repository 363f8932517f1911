#include "benchmarks/run/dealer.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <set>
#include <tuple>

#include "base/text.hpp"
#include "benchmarks/case/family.hpp"
#include "benchmarks/judge/statistics.hpp"
#include "benchmarks/judge/trimmed.hpp"
#include "benchmarks/run/laps.hpp"

namespace mpmt::benchmarks {
namespace {

/// From so many rounds on their scatter says something.
constexpr std::size_t kRoundsToChoose = 5;
/// By how much the interval that a candidate has to pass is wider than the one that is shown, roughly.
constexpr double kCandidateWidth = 1.4;
/// So many rounds in which a row got nothing are bad luck.
constexpr std::size_t kMostMissed = 3;

double square(double value) {
  return value * value;
}

/// Robust: 1.4826 × the median absolute deviation.
double scatter_of(const std::vector<double>& values) {
  const double centre = median(values);
  std::vector<double> deviations;
  for (const double value : values) deviations.push_back(std::abs(value - centre));
  return 1.4826 * median(deviations);
}

std::vector<double> lap_logs(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<double> logs;
  for (std::size_t i = 0; i < a.size(); ++i) logs.push_back(std::log(b[i] / a[i]));
  return logs;
}

}  // namespace

double Cost::lap_s() const {
  return laps_s / std::max(1, laps);
}

Dealer::Dealer(const Plan& plan, const Rules& rules, int laps, std::vector<double> lap_s)
    : plan_(plan), rules_(rules), laps_(laps), lap_s_(std::move(lap_s)), random_(plan.seed) {
  for (const auto& group : plan.groups) add(group);
}

void Dealer::add(Group group) {
  auto& state = groups_.emplace_back();
  for (const auto& row : group.rows) {
    const bool decidable = plan_.cases[row.a].measured.placement != executors::Placement::free;
    state.rows.push_back({row, decidable, Sequence(rules_), {}, {}});
  }
  state.group = std::move(group);
}

/// Those that are no controlled row: there the two take turns anyway. None where no row was asked for.
void Dealer::add_deployed() {
  if (plan_.rows() == 0) return;
  std::set<std::pair<std::size_t, std::size_t>> known;
  for (const auto& group : plan_.groups) {
    for (const auto& row : group.rows) known.emplace(row.a, row.b);
  }
  std::vector<Case> cases;
  std::vector<double> costs;
  for (std::size_t i = 0; i < plan_.cases.size(); ++i) {
    cases.push_back(plan_.cases[i].measured);
    costs.push_back(costs_.count(i) == 0 ? HUGE_VAL : median(costs_.at(i)));
  }
  for (const auto& row : deployed_rows(cases, costs)) {
    if (known.count({row.a, row.b}) != 0) continue;
    const auto& threads = cases[row.a];
    const auto of = threads.program.empty() ? "" : "/program:" + threads.program;
    add({text(kDeployedGroup, family_of(threads).work_of(threads), of), {row.a, row.b}, {row}});
  }
}

bool Dealer::RowState::open() const {
  return decidable && sequence.open() && (missed < kMostMissed || missed <= logs.size());
}

bool Dealer::first_part(std::size_t group) const {
  return group < plan_.groups.size() && groups_[group].rounds < plan_.rounds.value_or(looks().front());
}

bool Dealer::open(std::size_t group) const {
  const auto& rows = groups_[group].rows;
  return std::any_of(rows.begin(), rows.end(), [](const auto& row) { return row.open(); });
}

std::optional<Deal> Dealer::next(double spent_s) {
  while (!queue_.empty() && !first_part(queue_.back())) queue_.pop_back();
  if (queue_.empty()) {
    for (std::size_t group = 0; group < groups_.size(); ++group) {
      if (first_part(group)) queue_.push_back(group);
    }
    std::shuffle(queue_.begin(), queue_.end(), random_);
  }
  if (!queue_.empty()) {
    const auto group = queue_.back();
    queue_.pop_back();
    return deal(group);
  }
  if (plan_.rounds || spent_s >= plan_.budget_s) return std::nullopt;
  if (!std::exchange(chosen_, true)) add_deployed();
  std::optional<std::size_t> best;
  Promise most;
  for (std::size_t group = 0; group < groups_.size(); ++group) {
    if (!open(group)) continue;
    const auto promised = promise(group, plan_.budget_s - spent_s);
    if (best && !promised.exceeds(most)) continue;
    best = group;
    most = promised;
  }
  return best ? deal(*best) : std::nullopt;
}

std::optional<Deal> Dealer::deal(std::size_t group) {
  const auto& state = groups_[group];
  return Deal{group,          state.group.name, state.rounds,   first_part(group) ? 1 : 2,
              members(group), laps(group),      !is_long(group)};
}

/// Nobody knows before the first round.
bool Dealer::is_long(std::size_t group) const {
  const auto& costs = groups_[group].costs;
  return !costs.empty() && costs.back().lap_s() >= kLongLap_s;
}

/// All of them in the first part; then those of open rows, and who has no row is no longer needed.
std::vector<std::size_t> Dealer::members(std::size_t group) const {
  const auto& all = groups_[group].group.members;
  const auto& rows = groups_[group].rows;
  const bool first = first_part(group);
  if (first && (rows.empty() || plan_.rounds || !is_long(group))) return all;
  std::set<std::size_t> wanted;
  for (const auto& row : rows) {
    if (first || row.open()) wanted.insert({row.cases.a, row.cases.b});
  }
  std::vector<std::size_t> members;
  std::copy_if(all.begin(), all.end(), std::back_inserter(members),
               [&](std::size_t member) { return wanted.count(member) != 0; });
  return members;
}

/// As many as are expected to be worth while; of long ones few, unless the user says.
int Dealer::first_laps(std::size_t group) const {
  if (plan_.laps || group >= lap_s_.size()) return laps_;
  const int least = least_laps(lap_s_[group]);
  return least < kLeastLaps ? std::min(laps_, least) : laps_;
}

int Dealer::laps(std::size_t group) const {
  const auto& state = groups_[group];
  if (plan_.laps || plan_.rounds || state.costs.empty()) return first_laps(group);
  const auto& cost = state.costs.back();
  std::vector<double> choices;
  for (const auto& row : state.rows) {
    if (first_part(group) || row.logs.size() < kRoundsToChoose || !row.open()) continue;
    choices.push_back(laps_for(cost.beside_s, cost.lap_s(), square(median(row.lap_scatters)),
                               square(scatter_of(row.logs)), std::max(1, cost.laps - 1)));
  }
  if (choices.empty()) return std::min(laps_, most_laps(cost.beside_s, cost.lap_s()));
  return static_cast<int>(std::lround(median(choices)));
}

/// An effect that stays as it is now is bounded by the margin, or shown and confirmed, after so many rounds: an
/// interval shrinks with the root of their number.
double Dealer::RowState::rounds_to_decide(const Rules& rules) const {
  const auto& finding = sequence.finding();
  const double asked = finding.more.rounds + finding.more.confirming;
  if (finding.more.confirming > 0 || finding.rounds == 0) return asked;
  const double half = std::log(finding.high / finding.low) / 2;
  const double effect = std::abs(std::log(finding.ratio));
  const double bounded = finding.rounds * square(half / std::max(1e-9, std::log1p(rules.margin) - effect));
  const double shown = finding.rounds * square(kCandidateWidth * half / std::max(1e-9, effect));
  const double most = looks().back();
  const double confirmed = shown + confirming_for(static_cast<int>(std::min(shown, most)));
  return std::max(asked, std::min(effect < std::log1p(rules.margin) ? bounded : HUGE_VAL, confirmed) - finding.rounds);
}

bool Dealer::Promise::exceeds(const Promise& other) const {
  return std::tie(in_time, at_all) > std::tie(other.in_time, other.at_all);
}

/// Rounds serve all open rows of a group at once. The last one may end after the budget.
Dealer::Promise Dealer::promise(std::size_t group, double left_s) const {
  const auto& state = groups_[group];
  // A group that was never measured is small: it comes first, and tells.
  if (state.costs.empty()) return {HUGE_VAL, HUGE_VAL};
  const auto& cost = state.costs.back();
  const double round_s = cost.beside_s + (laps(group) + 1) * cost.lap_s();
  Promise promised;
  for (const auto& row : state.rows) {
    if (!row.open()) continue;
    const double rounds = row.rounds_to_decide(rules_);
    promised.at_all += 1 / (rounds * round_s);
    if ((std::ceil(rounds) - 1) * round_s < left_s) promised.in_time += 1 / (rounds * round_s);
  }
  return promised;
}

void Dealer::take(const Deal& deal, const std::vector<Measured>& measured, const Cost& cost) {
  auto& state = groups_[deal.group];
  const bool first = deal.group < plan_.groups.size();
  ++state.rounds;
  state.costs.push_back(cost);
  std::map<std::size_t, std::vector<double>> laps;
  for (const auto& contender : measured) {
    if (!contender.ok() || !disturbance_of(contender).empty()) continue;
    laps[contender.planned] = costs_ns(contender);
    if (first && deal.round < choosing_rounds()) costs_[contender.planned].push_back(cost_ns(contender));
  }
  for (auto& row : state.rows) {
    const auto a = laps.find(row.cases.a);
    const auto b = laps.find(row.cases.b);
    if (a == laps.end() || b == laps.end()) {
      ++row.missed;
      continue;
    }
    const auto logs = lap_logs(a->second, b->second);
    row.logs.push_back(median(logs));
    row.lap_scatters.push_back(scatter_of(logs));
    row.sequence.add(row.logs.back());
  }
  if (first_part(deal.group)) return;
  const auto wanted = plan_.rounds ? std::vector<std::size_t>() : members(deal.group);
  for (const auto member : state.group.members) {
    const bool further = std::find(wanted.begin(), wanted.end(), member) != wanted.end();
    if (!further && is_done_.emplace(member, true).second) done_.push_back(member);
  }
}

std::vector<Comparison> Dealer::rows() const {
  std::vector<Comparison> rows;
  for (std::size_t group = 0; group < plan_.groups.size(); ++group) {
    for (const auto& row : groups_[group].rows) {
      rows.push_back(controlled_row(plan_.cases[row.cases.a].measured, plan_.cases[row.cases.b].measured,
                                    static_cast<int>(row.logs.size()), row.sequence.finding()));
    }
  }
  return rows;
}

std::size_t Dealer::decided() const {
  const auto all = rows();
  return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), is_decided));
}

std::vector<std::size_t> Dealer::done() {
  return std::exchange(done_, {});
}

}  // namespace mpmt::benchmarks
