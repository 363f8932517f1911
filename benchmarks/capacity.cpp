#include "benchmarks/capacity.hpp"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <new>

#include "base/child_process.hpp"
#include "base/cpus.hpp"
#include "base/shared_region.hpp"
#include "base/text.hpp"
#include "benchmarks/statistics.hpp"

namespace mpmt::benchmarks {
namespace {

constexpr std::chrono::milliseconds kTurn{15};
constexpr std::chrono::seconds kPatience{5};
constexpr int kTurns = 3;

struct alignas(128) Spinner {
  std::atomic<bool> ready{false};
  double speed = 0;  ///< rounds of arithmetic per ns
};

struct Gate {
  alignas(128) std::atomic<bool> open{false};
};

/// Arithmetic in registers that no compiler can shorten, for about kTurn.
double spin() {
  std::uint64_t state = 88'172'645'463'325'252ULL;  // Marsaglia's xorshift
  std::uint64_t rounds = 0;
  const auto start = Clock::now();
  auto elapsed = Nanoseconds(0);
  for (; elapsed < kTurn; elapsed = since(start)) {
    for (int i = 0; i < 20'000; ++i) {
      state ^= state << 13;
      state ^= state >> 7;
      state ^= state << 17;
    }
    asm volatile("" : "+r"(state));
    rounds += 20'000;
  }
  return static_cast<double>(rounds) / static_cast<double>(elapsed.count());
}

/// Speed of one process on each of the CPUs, together; 0 when one of them failed.
double total_speed(const std::vector<int>& cpus) {
  SharedRegion region(sizeof(Gate) + cpus.size() * sizeof(Spinner));
  auto& gate = *new (region.data()) Gate;
  auto* const spinners = reinterpret_cast<Spinner*>(static_cast<std::byte*>(region.data()) + sizeof(Gate));
  std::vector<std::unique_ptr<ChildProcess>> children;
  for (std::size_t i = 0; i < cpus.size(); ++i) {
    new (spinners + i) Spinner;
    children.push_back(std::make_unique<ChildProcess>(text("capacity probe ", i), [&, i] {
      pin_to(cpus[i]);
      spinners[i].ready = true;
      while (!gate.open) {
      }
      spinners[i].speed = spin();
    }));
  }
  const Deadline deadline = Clock::now() + kPatience;
  const auto all_ready = [&] {
    return std::all_of(spinners, spinners + cpus.size(), [](const auto& spinner) { return spinner.ready.load(); });
  };
  while (!all_ready() && Clock::now() < deadline) ::sched_yield();
  gate.open = true;
  double total = 0;
  for (std::size_t i = 0; i < cpus.size(); ++i) {
    const auto end = children[i]->reap(deadline);
    if (!end || end->killed || end->code != 0) return 0;
    total += spinners[i].speed;
  }
  return total;
}

}  // namespace

std::vector<CapacityPoint> measure_capacity(const std::vector<int>& cpus) {
  std::vector<CapacityPoint> points;
  const auto add = [&](std::size_t workers) {
    std::vector<double> capacities;
    for (int turn = 0; turn < kTurns; ++turn) {
      const double alone = total_speed({cpus.front()});
      const double together = total_speed({cpus.begin(), cpus.begin() + static_cast<std::ptrdiff_t>(workers)});
      if (alone > 0 && together > 0) capacities.push_back(together / alone);
    }
    if (!capacities.empty()) points.push_back({static_cast<int>(workers), median(capacities)});
  };
  points.push_back({1, 1.0});
  for (std::size_t workers = 2; workers < cpus.size(); workers *= 2) add(workers);
  if (cpus.size() > 1) add(cpus.size());
  return points;
}

}  // namespace mpmt::benchmarks
