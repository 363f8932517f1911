#include "benchmarks/case/pairing.hpp"

#include <map>
#include <tuple>

#include "base/text.hpp"

namespace mpmt::benchmarks {
namespace {

/// What two exchanges have in common that carry the same load.
auto load_of(const Exchange& e) {
  return std::tuple(e.pattern, e.message_bytes, e.touched, e.rate);
}

auto controlled_key(const Case& c) {
  return std::tuple(c.workload, c.grain, c.payload_bytes, c.batch, c.window, c.placement, c.wait, c.channel, c.workers,
                    load_of(c.exchange), c.exchange.futex);
}

}  // namespace

Who who_runs(const Case& measured) {
  if (measured.exchange.floor) return Who::neither;
  if (measured.is_exchange()) return measured.uses_processes() ? Who::processes : Who::threads;
  const auto* const executor = executors::ExecutorCatalog::instance().find(measured.executor);
  if (executor == nullptr || !executor->uses_channel) return Who::neither;
  return executor->sides == ipc::Sides::threads ? Who::threads : Who::processes;
}

std::vector<Pair> controlled_pairs(const std::vector<Case>& cases) {
  std::multimap<decltype(controlled_key(Case())), std::size_t> threads;
  std::map<std::string, std::size_t> twins;
  std::vector<Pair> pairs;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    if (!cases[i].label.empty()) {
      Case without = cases[i];
      without.label.clear();
      const auto [first, is_first] = twins.try_emplace(without.name(), i);
      if (!is_first) pairs.push_back({first->second, i});
    } else if (who_runs(cases[i]) == Who::threads) {
      threads.emplace(controlled_key(cases[i]), i);
    }
  }
  for (std::size_t i = 0; i < cases.size(); ++i) {
    if (!cases[i].label.empty() || who_runs(cases[i]) != Who::processes) continue;
    const auto [first, last] = threads.equal_range(controlled_key(cases[i]));
    for (auto other = first; other != last; ++other) pairs.push_back({other->second, i});
  }
  return pairs;
}

std::string deployed_key(const Case& c) {
  // One CPU and two are different deployments of a channel; where workers run is a pool's own choice.
  const auto placement = c.is_exchange() ? c.placement : executors::Placement::spread;
  return text(c.workload, '/', c.grain, '/', c.payload_bytes, '/', static_cast<int>(c.exchange.pattern), '/',
              c.exchange.message_bytes, '/', c.exchange.touched, '/', c.exchange.rate, '/', text_of(placement));
}

}  // namespace mpmt::benchmarks
