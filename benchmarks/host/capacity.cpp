#include "benchmarks/host/capacity.hpp"

#include <cstdint>
#include <optional>

#include "base/clock.hpp"
#include "base/shared_region.hpp"
#include "benchmarks/host/probes.hpp"
#include "benchmarks/judge/statistics.hpp"

namespace mpmt::benchmarks {
namespace {

constexpr std::chrono::milliseconds kTurn{15};
constexpr std::chrono::seconds kPatience{5};
constexpr int kTurns = 3;

struct alignas(128) Speed {
  double rounds_per_ns = 0;
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

class Measuring {
 public:
  explicit Measuring(Interrupt& interrupt) : interrupt_(interrupt) {}

  /// What these CPUs give together; none when a probe failed.
  std::optional<double> total_speed(const std::vector<int>& cpus) {
    SharedRegion region(cpus.size() * sizeof(Speed));
    auto* const speeds = static_cast<Speed*>(region.data());  // zero-filled
    const auto end = run_probes(
        "capacity probe", cpus, [&](std::size_t i) { speeds[i].rounds_per_ns = spin(); }, kPatience, interrupt_);
    if (!end.done) {
      why_not_ = end.why_not;
      return std::nullopt;
    }
    double total = 0;
    for (std::size_t i = 0; i < cpus.size(); ++i) total += speeds[i].rounds_per_ns;
    return total;
  }

  /// The first `workers` of `cpus` against the first alone.
  std::optional<double> capacity(const std::vector<int>& cpus, std::size_t workers) {
    const std::vector<int> all(cpus.begin(), cpus.begin() + static_cast<std::ptrdiff_t>(workers));
    std::vector<double> turns;
    for (int turn = 0; turn < kTurns; ++turn) {
      const auto alone = total_speed({cpus.front()});
      const auto together = alone ? total_speed(all) : std::nullopt;
      if (!together) return std::nullopt;
      turns.push_back(*together / *alone);
    }
    return median(turns);
  }

  const std::string& why_not() const { return why_not_; }

 private:
  Interrupt& interrupt_;
  std::string why_not_;
};

std::vector<std::size_t> counts_up_to(std::size_t all) {
  std::vector<std::size_t> counts;
  for (std::size_t workers = 2; workers < all; workers *= 2) counts.push_back(workers);
  if (all > 1) counts.push_back(all);
  return counts;
}

}  // namespace

Capacity measure_capacity(const std::vector<int>& cpus, Interrupt& interrupt) {
  Measuring measuring(interrupt);
  Capacity found;
  if (measuring.total_speed({cpus.front()})) {
    found.points.push_back({1, 1.0});
    for (const auto workers : counts_up_to(cpus.size())) {
      const auto capacity = measuring.capacity(cpus, workers);
      if (!capacity) break;
      found.points.push_back({static_cast<int>(workers), *capacity});
    }
  }
  found.why_unknown = measuring.why_not();
  return found;
}

}  // namespace mpmt::benchmarks
