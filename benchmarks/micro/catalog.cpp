#include "base/catalog.hpp"

#include <benchmark/benchmark.h>

#include <deque>

#include "base/text.hpp"

namespace mpmt::micro {
namespace {

struct Part {
  std::string_view name;
};

/// A catalogue of its own: mpmt's grow, and what a look-up takes grows with them. Only the ends of its names differ.
class Parts {
 public:
  explicit Parts(std::int64_t count) {
    for (std::int64_t n = 0; n < count; ++n) catalog_.add({names_.emplace_back(text("part_number_", 100 + n))});
  }

  const Catalog<Part>& catalog() const { return catalog_; }

 private:
  std::deque<std::string> names_;
  Catalog<Part> catalog_;
};

/// Every name in turn, so that it does not matter which comes first.
void BM_catalog_find(benchmark::State& state) {
  const Parts parts(state.range(0));
  for (auto _ : state) {
    for (const auto& part : parts.catalog().all()) {
      const auto* found = parts.catalog().find(part.name);
      benchmark::DoNotOptimize(found);
    }
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_catalog_find)->Arg(4)->Arg(16);

void BM_catalog_find_unknown(benchmark::State& state) {
  const Parts parts(state.range(0));
  for (auto _ : state) {
    const auto* found = parts.catalog().find("part_number_999");
    benchmark::DoNotOptimize(found);
  }
}
BENCHMARK(BM_catalog_find_unknown)->Arg(16);

}  // namespace
}  // namespace mpmt::micro
