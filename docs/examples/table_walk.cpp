// table_walk: follows a chain of indices through a table of 1 MiB, each read from where the last one led. Stands for
// looking things up in a structure that all workers share and none changes: an index, a dictionary, a routing table.
//
// The table is the fixture's, made before any worker exists: threads read the same pages, forked workers read them too,
// since nobody writes to them. Where in it a worker stands is the session's, and lives in the worker.
//
// It cannot be folded away: the table is filled at run time, and where a walk ends depends on every step.
#include <numeric>
#include <utility>

#include "workloads/kernel.hpp"
#include "workloads/mix.hpp"

namespace mpmt::workloads {
namespace {

constexpr std::uint32_t kEntries = 1U << 18;

using Table = std::vector<std::uint32_t>;

/// One cycle through all entries (Sattolo 1986), always the same one: a walk of any length meets no shortcut.
Table one_cycle() {
  Table next(kEntries);
  std::iota(next.begin(), next.end(), 0U);
  for (std::uint32_t last = kEntries - 1; last > 0; --last) std::swap(next[last], next[mix(last) % last]);
  return next;
}

class TableWalk {
 public:
  TableWalk(const Table& next, std::uint64_t steps) : next_(next), steps_(steps) {}

  std::uint64_t operator()(std::uint64_t variant, std::span<const std::byte>, std::span<std::byte>) const {
    auto place = static_cast<std::uint32_t>(variant * (kEntries / kVariants));
    for (std::uint64_t step = 0; step < steps_; ++step) place = next_[place];
    return mix(place + 1);  // never 0
  }

 private:
  const Table& next_;
  std::uint64_t steps_;
};

class TableWalkFixture final : public Fixture {
 public:
  explicit TableWalkFixture(const Parameters& parameters) : next_(one_cycle()), steps_(parameters.grain) {
    TableWalk walk(next_, steps_);
    for (std::uint64_t variant = 0; variant < kVariants; ++variant) results_[variant] = walk(variant, {}, {});
  }

  std::unique_ptr<Session> open(int) override {
    return std::make_unique<KernelSession<TableWalk>>(std::in_place, next_, steps_);
  }
  std::uint64_t expected_sum(TaskRange tasks) const override { return weighed_sum(tasks, results_); }

 private:
  Table next_;
  std::uint64_t steps_;
  VariantResults results_{};
};

std::unique_ptr<Fixture> prepare(const Parameters& parameters) {
  return std::make_unique<TableWalkFixture>(parameters);
}

const Registration registered{{.name = "table_walk",
                               .summary = "follows a chain of indices through a table that all workers share",
                               .grain_unit = "one dependent read in a table of 1 MiB",
                               .kind = Kind::cpu,
                               .version = 1,
                               .prepare = prepare}};

}  // namespace
}  // namespace mpmt::workloads
