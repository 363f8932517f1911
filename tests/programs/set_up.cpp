// A fixture that takes far longer than what is timed: a corpus that is loaded for every run of the body.
#include <benchmark/benchmark.h>

#include <chrono>
#include <thread>

class Corpus : public benchmark::Fixture {
 public:
  void SetUp(benchmark::State& /*state*/) override { std::this_thread::sleep_for(std::chrono::milliseconds(200)); }
};

BENCHMARK_DEFINE_F(Corpus, parse)(benchmark::State& state) {
  for (auto _ : state) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::microseconds(100);
    while (std::chrono::steady_clock::now() < end) {
    }
  }
}
BENCHMARK_REGISTER_F(Corpus, parse);
BENCHMARK_MAIN();
