#include "base/bell.hpp"

#include <benchmark/benchmark.h>

namespace mpmt::micro {
namespace {

/// What every message costs whose receiver is awake.
void BM_bell_ring_nobody_asleep(benchmark::State& state) {
  Bell bell(FutexScope::one_process);
  for (auto _ : state) bell.ring();
}
BENCHMARK(BM_bell_ring_nobody_asleep);

/// Somebody has announced a sleep and does not sleep yet: the system call, and nobody to wake.
void BM_bell_ring_after_announcement(benchmark::State& state, FutexScope scope) {
  Bell bell(scope);
  for (auto _ : state) {
    auto ticket = bell.announce();
    benchmark::DoNotOptimize(ticket);
    bell.ring();
  }
}
BENCHMARK_CAPTURE(BM_bell_ring_after_announcement, one_process, FutexScope::one_process);
BENCHMARK_CAPTURE(BM_bell_ring_after_announcement, processes, FutexScope::processes);

/// Who was about to sleep, looks once more, and finds something.
void BM_bell_sleep_averted(benchmark::State& state) {
  Bell bell(FutexScope::one_process);
  const auto there = [] {
    bool message = true;
    benchmark::DoNotOptimize(message);
    return message;
  };
  for (auto _ : state) bell.sleep_unless(there, std::nullopt);
}
BENCHMARK(BM_bell_sleep_averted);

/// Who sleeps although he has been rung for meanwhile: the system call that returns at once.
void BM_bell_sleep_after_ring(benchmark::State& state) {
  Bell bell(FutexScope::one_process);
  for (auto _ : state) {
    const auto ticket = bell.announce();
    bell.ring_from_signal();
    bell.sleep(ticket, std::nullopt);
    bell.retract();
  }
}
BENCHMARK(BM_bell_sleep_after_ring);

}  // namespace
}  // namespace mpmt::micro
