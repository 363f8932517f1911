// mpmt-micro: mpmt's building blocks, each by itself and in one thread, as a plain Google Benchmark program.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "benchmarks/micro/channels.hpp"

int main(int argc, char** argv) {
  // What is measured here takes nanoseconds: a fifth of the library's own default suffices, unless the user says more.
  std::string min_time = MPMT_MICRO_MIN_TIME;
  std::vector<char*> arguments(argv, argv + argc);
  if (std::getenv("BENCHMARK_MIN_TIME") == nullptr) arguments.insert(arguments.begin() + 1, min_time.data());
  int count = static_cast<int>(arguments.size());
  arguments.push_back(nullptr);

  mpmt::micro::register_channels();
  benchmark::Initialize(&count, arguments.data());
  if (benchmark::ReportUnrecognizedArguments(count, arguments.data())) return 1;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
