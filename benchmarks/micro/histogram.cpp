#include "base/histogram.hpp"

#include <benchmark/benchmark.h>

#include <array>
#include <cmath>
#include <memory>
#include <random>

namespace mpmt::micro {
namespace {

/// Latencies between 100 ns and 1 ms, as many in each power of two, the same in every process.
class Latencies {
 public:
  Latencies() {
    std::mt19937_64 random(1);
    for (auto& value : values_) {
      const double uniform = static_cast<double>(random() >> 11) * 0x1p-53;
      value = static_cast<std::uint64_t>(100 * std::pow(10'000, uniform));
    }
  }
  std::uint64_t operator[](std::size_t n) const { return values_[n % kCount]; }

  static constexpr std::size_t kCount = 1024;

 private:
  std::array<std::uint64_t, kCount> values_;
};

std::unique_ptr<Histogram> filled() {
  auto histogram = std::make_unique<Histogram>();
  const Latencies latencies;
  for (std::size_t n = 0; n < Latencies::kCount; ++n) histogram->record(latencies[n]);
  return histogram;
}

void BM_histogram_record(benchmark::State& state) {
  auto histogram = std::make_unique<Histogram>();
  auto* counts = histogram.get();
  benchmark::DoNotOptimize(counts);
  const Latencies latencies;
  std::size_t n = 0;
  for (auto _ : state) {
    counts->record(latencies[n++]);
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_histogram_record);

void BM_histogram_quantile(benchmark::State& state) {
  const auto histogram = filled();
  const double quantile = static_cast<double>(state.range(0)) / 1000;
  for (auto _ : state) {
    auto nanoseconds = histogram->quantile(quantile);
    benchmark::DoNotOptimize(nanoseconds);
  }
}
BENCHMARK(BM_histogram_quantile)->ArgName("permille")->Arg(500)->Arg(999);

void BM_histogram_merge(benchmark::State& state) {
  const auto part = filled();
  auto total = std::make_unique<Histogram>();
  for (auto _ : state) {
    total->merge(*part);
    benchmark::ClobberMemory();
  }
}
BENCHMARK(BM_histogram_merge);

}  // namespace
}  // namespace mpmt::micro
