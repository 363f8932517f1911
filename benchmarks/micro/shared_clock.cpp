#include "executors/shared_clock.hpp"

#include <benchmark/benchmark.h>

namespace mpmt::micro {
namespace {

using executors::SharedClock;

/// What the others are to be set against.
void BM_clock_now(benchmark::State& state) {
  for (auto _ : state) {
    auto now = Clock::now();
    benchmark::DoNotOptimize(now);
  }
}
BENCHMARK(BM_clock_now);

void BM_shared_clock_read(benchmark::State& state) {
  SharedClock clock;
  for (auto _ : state) {
    auto now = clock.read();
    benchmark::DoNotOptimize(now);
  }
}
BENCHMARK(BM_shared_clock_read);

/// Messages as quick as they can be, which share readings. One iteration is a series of them, beginning with readings
/// of their own as every turn of a dispatcher does.
void BM_shared_clock_at_next(benchmark::State& state) {
  const auto messages = state.range(0);
  for (auto _ : state) {
    SharedClock clock;
    for (std::int64_t message = 0; message < messages; ++message) {
      auto stamp = clock.at_next();
      benchmark::DoNotOptimize(stamp);
    }
  }
  state.SetItemsProcessed(state.iterations() * messages);
}
BENCHMARK(BM_shared_clock_at_next)->ArgName("messages")->Arg(1)->Arg(64);

}  // namespace
}  // namespace mpmt::micro
