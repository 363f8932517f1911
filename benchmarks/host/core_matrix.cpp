#include "benchmarks/host/core_matrix.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <new>
#include <nlohmann/json.hpp>
#include <numeric>
#include <random>

#include "base/cache_line.hpp"
#include "base/clock.hpp"
#include "base/cpu_relax.hpp"
#include "base/shared_region.hpp"
#include "benchmarks/host/probes.hpp"
#include "benchmarks/judge/statistics.hpp"

namespace mpmt::benchmarks {
namespace {

constexpr std::chrono::milliseconds kBudget{3000};
constexpr std::chrono::milliseconds kBallPatience{500};
constexpr std::chrono::seconds kTurnPatience{5};
constexpr int kBallTurns = 5;
constexpr std::uint32_t kRoundTrips = 2000;
constexpr double kSiblings = 0.6;  ///< of the round trip to the next but one

struct Ball {
  alignas(kPadding) std::atomic<std::uint32_t> there{0};
  alignas(kPadding) std::atomic<std::uint32_t> back{0};
  alignas(kPadding) double round_trip_ns = 0;
};

/// False when the other side does not come in time: it may share our CPU, or be gone.
bool await(const std::atomic<std::uint32_t>& counter, std::uint32_t value, Deadline deadline) {
  for (;;) {
    for (int look = 0; look < 4096; ++look) {
      if (counter.load(std::memory_order_acquire) == value) return true;
      cpu_relax();
    }
    if (Clock::now() >= deadline) return false;
  }
}

void throw_ball(Ball& ball, Deadline deadline) {
  std::vector<double> turns;
  std::uint32_t number = 0;
  const auto round_trip = [&] {
    ball.there.store(++number, std::memory_order_release);
    return await(ball.back, number, deadline);
  };
  if (!round_trip()) return;  // the other side is up
  for (int turn = 0; turn < kBallTurns; ++turn) {
    const auto start = Clock::now();
    for (std::uint32_t i = 0; i < kRoundTrips; ++i) {
      if (!round_trip()) return;
    }
    turns.push_back(static_cast<double>(since(start).count()) / kRoundTrips);
  }
  ball.round_trip_ns = median(turns);
}

void return_ball(Ball& ball, Deadline deadline) {
  for (std::uint32_t number = 1; number <= 1 + kBallTurns * kRoundTrips; ++number) {
    if (!await(ball.there, number, deadline)) return;
    ball.back.store(number, std::memory_order_release);
  }
}

ProbeEnd bounce(int one, int other, Ball& ball, Interrupt& interrupt) {
  const auto play = [&](std::size_t side) {
    const Deadline deadline = Clock::now() + kBallPatience;
    side == 0 ? throw_ball(ball, deadline) : return_ball(ball, deadline);
  };
  return run_probes("core-to-core probe", {one, other}, play, kTurnPatience, interrupt);
}

/// All pairs of indices, those that tell most first.
std::vector<std::pair<std::size_t, std::size_t>> pairs_of(std::size_t count) {
  std::vector<std::pair<std::size_t, std::size_t>> first;
  std::vector<std::pair<std::size_t, std::size_t>> others;
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t j = i + 1; j < count; ++j) (i == 0 || j == i + 1 ? first : others).emplace_back(i, j);
  }
  std::shuffle(others.begin(), others.end(), std::mt19937_64(1));
  first.insert(first.end(), others.begin(), others.end());
  return first;
}

/// Disjoint sets of CPUs that share a core, by index.
class Cores {
 public:
  explicit Cores(std::size_t cpus) : parent_(cpus) { std::iota(parent_.begin(), parent_.end(), std::size_t{0}); }
  std::size_t of(std::size_t cpu) const {
    while (parent_[cpu] != cpu) cpu = parent_[cpu];
    return cpu;
  }
  void join(std::size_t one, std::size_t other) {
    parent_[std::max(of(one), of(other))] = std::min(of(one), of(other));
  }

 private:
  std::vector<std::size_t> parent_;
};

/// The CPU that is nearest to one, and how long the way to it and to the next but one is.
struct Nearest {
  std::size_t cpu = 0;
  double ns = 0;
  double next_ns = 0;  ///< 0: there is no other
};

std::optional<Nearest> nearest_to(std::size_t cpu, const CoreMatrix& matrix) {
  std::vector<std::pair<double, std::size_t>> ways;
  for (std::size_t other = 0; other < matrix.cpus.size(); ++other) {
    if (const auto& ns = matrix.round_trip_ns[cpu][other]) ways.emplace_back(*ns, other);
  }
  if (ways.size() < 2) return std::nullopt;
  std::sort(ways.begin(), ways.end());
  return Nearest{ways[0].second, ways[0].first, ways[1].first};
}

/// Siblings are nearer to each other than to anybody else, by far; the members of a cluster are not.
void join_siblings(Cores& cores, const CoreMatrix& matrix) {
  const auto is_close = [](const Nearest& nearest) { return nearest.ns < kSiblings * nearest.next_ns; };
  for (std::size_t cpu = 0; cpu < matrix.cpus.size(); ++cpu) {
    const auto nearest = nearest_to(cpu, matrix);
    if (!nearest || !is_close(*nearest)) continue;
    const auto back = nearest_to(nearest->cpu, matrix);
    if (back && back->cpu == cpu && is_close(*back)) cores.join(cpu, nearest->cpu);
  }
}

}  // namespace

bool CoreMatrix::complete() const {
  for (std::size_t i = 0; i < cpus.size(); ++i) {
    for (std::size_t j = i + 1; j < cpus.size(); ++j) {
      if (!round_trip_ns[i][j]) return false;
    }
  }
  return true;
}

CoreMatrix measure_core_matrix(const std::vector<int>& cpus, Interrupt& interrupt) {
  CoreMatrix matrix{cpus, {cpus.size(), std::vector<std::optional<double>>(cpus.size())}};
  const Deadline deadline = Clock::now() + kBudget;
  for (const auto& [i, j] : pairs_of(cpus.size())) {
    if (Clock::now() >= deadline) break;
    SharedRegion region(sizeof(Ball));
    auto& ball = *new (region.data()) Ball;
    const auto end = bounce(cpus[i], cpus[j], ball, interrupt);
    if (!end.done) {
      matrix.why_unknown = end.why_not;
      break;
    }
    if (ball.round_trip_ns > 0) matrix.round_trip_ns[i][j] = matrix.round_trip_ns[j][i] = ball.round_trip_ns;
  }
  return matrix;
}

std::vector<int> spread_order(const std::vector<int>& cpus, const std::vector<std::vector<int>>& cores,
                              const CoreMatrix& matrix) {
  Cores joined(cpus.size());
  const auto index_of = [&](int cpu) {
    return static_cast<std::size_t>(std::find(cpus.begin(), cpus.end(), cpu) - cpus.begin());
  };
  for (const auto& core : cores) {
    for (const int cpu : core) joined.join(index_of(core.front()), index_of(cpu));
  }
  const bool sys_knows = std::any_of(cores.begin(), cores.end(), [](const auto& core) { return core.size() > 1; });
  if (!sys_knows && matrix.cpus == cpus) join_siblings(joined, matrix);
  std::vector<std::size_t> turn_of(cpus.size());  // how many of its core come before it
  std::vector<std::size_t> seen(cpus.size(), 0);
  for (std::size_t i = 0; i < cpus.size(); ++i) turn_of[i] = seen[joined.of(i)]++;
  std::vector<std::size_t> order(cpus.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return turn_of[a] < turn_of[b]; });
  std::vector<int> dealt;
  for (const auto i : order) dealt.push_back(cpus[i]);
  return dealt;
}

nlohmann::json to_json(const CoreMatrix& matrix) {
  nlohmann::json rows = nlohmann::json::array();
  for (const auto& row : matrix.round_trip_ns) {
    nlohmann::json cells = nlohmann::json::array();
    for (const auto& ns : row) cells.push_back(ns ? nlohmann::json(*ns) : nlohmann::json(nullptr));
    rows.push_back(std::move(cells));
  }
  return {{"cpus", matrix.cpus}, {"round_trip_ns", rows}, {"complete", matrix.complete()}};
}

}  // namespace mpmt::benchmarks
