// Benchmarks as they are found in the wild, of the system's Google Benchmark. The environment says which are there:
// ODD=name,name,...
#include <benchmark/benchmark.h>

#include <chrono>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <limits>
#include <map>
#include <string>
#include <thread>

namespace {

using benchmark::RegisterBenchmark;
using benchmark::State;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

void spin(steady_clock::duration time) {
  const auto end = steady_clock::now() + time;
  while (steady_clock::now() < end) {
  }
}

auto spinning(steady_clock::duration time) {
  return [time](State& state) {
    for (auto _ : state) spin(time);
  };
}

void counts_little_of_its_time(State& state) {
  for (auto _ : state) {
    std::this_thread::sleep_for(milliseconds(5));
    state.SetIterationTime(1e-6);
  }
}

void counts_no_time(State& state) {
  for (auto _ : state) state.SetIterationTime(0);
}

void skips(State& state) {
  state.SkipWithError("no AVX-512 here: \"skipped\", sorry");
  for (auto _ : state) {
  }
}

void has_odd_counters(State& state) {
  for (auto _ : state) spin(microseconds(2));
  state.counters["zero"] = 0;
  state.counters["nan"] = std::nan("");
  state.counters["infinite"] = std::numeric_limits<double>::infinity();
  state.counters["a \"quoted\" one"] = 1;
  state.counters["real_time"] = -1;
  state.counters["iterations"] = -1;
}

void grows(State& state) {
  for (auto _ : state) spin(std::chrono::nanoseconds(100 * state.range(0)));
  state.SetComplexityN(state.range(0));
}

void register_names() {
  for (const char* name :
       {"with space (97.66MB)", "comma,and;semicolon", "quote\"d 'name'", "tmpl<int, std::vector<char*>>",
        "regex.*[a-z]+$^|{2}\\d?", "a/b//c", "-starts-with-minus", "na\u00efve/gr\u00f6\u00dfe/\u6570", "UPPER lower",
        "=cmd|' /C calc'!A0", "trailing space ", " leading", "percent%s%n", "tab\there", "sort int[16]",
        "f{lambda()#1}", "latin\xe9", "colour\x1b[31m", "all"}) {
    RegisterBenchmark(name, spinning(microseconds(5)));
  }
}

void register_namesakes() {
  RegisterBenchmark("same", spinning(microseconds(5)));
  RegisterBenchmark("same", spinning(microseconds(100)));
  RegisterBenchmark("other", spinning(microseconds(5)));
}

void say(const std::string& text) {
  std::cout << text << std::flush;
}

/// A line that differs from process to process, and is no shorter or longer.
void say_a_number() {
  say("took " + std::to_string(steady_clock::now().time_since_epoch().count() % 90 + 10) + " ms\n");
}

const std::map<std::string, std::function<void()>> kBefore{
    {"banner", [] { say("Loading the corpus...\n3 files, 12.5 MB (took 0 s)\n\n"); }},
    {"number", say_a_number},
    {"unended", [] { say("Loading... "); }},
    {"work", [] { RegisterBenchmark("work", spinning(microseconds(20))); }},
    {"iter5", [] { RegisterBenchmark("five", spinning(microseconds(20)))->Iterations(5); }},
    {"threads", [] { RegisterBenchmark("threads", spinning(microseconds(20)))->Threads(2); }},
    {"slowfirst", [] { RegisterBenchmark("A/slow_first", spinning(milliseconds(600))); }},
    {"names", register_names},
    {"newline", [] { RegisterBenchmark("two\nlines", spinning(microseconds(5))); }},
    {"dup", register_namesakes},
    {"aggonly",
     [] { RegisterBenchmark("agg", spinning(microseconds(20)))->Repetitions(5)->ReportAggregatesOnly(true); }},
    {"reps", [] { RegisterBenchmark("reps", spinning(microseconds(20)))->Repetitions(3); }},
    {"manual", [] { RegisterBenchmark("gpu", counts_little_of_its_time)->UseManualTime()->Iterations(40); }},
    {"zero", [] { RegisterBenchmark("zero", counts_no_time)->UseManualTime()->Iterations(3); }},
    {"skip", [] { RegisterBenchmark("skip", skips); }},
    {"counters", [] { RegisterBenchmark("counters", has_odd_counters); }},
    {"big_o", [] { RegisterBenchmark("grows", grows)->RangeMultiplier(2)->Range(8, 64)->Complexity(); }},
};

bool wanted(const std::string& what) {
  const char* odd = std::getenv("ODD");
  return odd != nullptr && (std::string(",") + odd + ",").find("," + what + ",") != std::string::npos;
}

}  // namespace

int main(int argc, char** argv) {
  if (wanted("shows_call")) say(std::string("called with ") + argv[1] + " " + argv[argc - 1] + "\n");
  for (const auto& [what, act] : kBefore) {
    if (wanted(what)) act();
  }
  if (!wanted("deaf")) {
    benchmark::Initialize(&argc, argv);
    if (!wanted("lenient") && benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  }
  benchmark::RunSpecifiedBenchmarks();
  if (wanted("goodbye")) say("done in 3 s\n");
  if (wanted("exit3")) return 3;
  if (wanted("abort")) std::abort();
  return 0;
}
