#include "benchmarks/run/google.hpp"

#include <benchmark/benchmark.h>

#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/text.hpp"

namespace mpmt::benchmarks {
namespace {

using executors::Status;

/// The turn's name for Google Benchmark; the reporter gives the entry its case's name back.
std::string name_of(const Plan& plan, const Turn& turn) {
  return text(plan.cases[turn.planned].measured.name(), "/round:", turn.round);
}

/// Takes each run as it is reported and journals it. The measured trial is passed on the side: a Run has room for
/// numbers only.
class JournalReporter final : public benchmark::BenchmarkReporter {
 public:
  JournalReporter(const Plan& plan, Journal& journal, Progress& progress, std::string_view time_unit)
      : plan_(plan), journal_(journal), progress_(progress), time_unit_(time_unit) {}

  void expect(Measured measured) { pending_ = std::move(measured); }

  bool ReportContext(const Context&) override { return true; }

  void ReportRuns(const std::vector<Run>& runs) override {
    if (!pending_) return;  // interrupted
    const auto& planned = plan_.cases[pending_->planned];
    journal_.add(make_entry(runs.front(), *pending_, planned, plan_.rounds, time_unit_));
    progress_.finished(*pending_);
    pending_.reset();
  }

 private:
  const Plan& plan_;
  Journal& journal_;
  Progress& progress_;
  std::string_view time_unit_;
  std::optional<Measured> pending_;
};

void measure(benchmark::State& state, const Plan& plan, const Turn& turn, Measurement& measurement, Progress& progress,
             JournalReporter& reporter) {
  progress.starting(turn);
  Measured measured = measurement.perform(plan, turn);
  for (const auto& line : measurement.resized()) progress.tell(line);
  if (measured.trial.interrupted) return state.SkipWithError("interrupted");  // maybe in the midst of its blocks
  const bool failed = measured.trial.status != Status::ok;
  if (failed) {
    state.SkipWithError(measured.trial.error.c_str());
  } else {
    // The blocks have been run, one for each iteration: here their times are handed in.
    auto block = measured.trial.blocks.begin();
    for ([[maybe_unused]] auto iteration : state) {
      state.SetIterationTime(static_cast<double>((block++)->wall_ns) * 1e-9);
    }
  }
  reporter.expect(std::move(measured));
}

}  // namespace

void run_with_google_benchmark(const Plan& plan, Measurement& measurement, Journal& journal, Progress& progress,
                               std::string_view time_unit) {
  JournalReporter reporter(plan, journal, progress, time_unit);
  // One at a time: the library would first make a list of all turns, deaf to signals, and keep it.
  for (const auto& turn : plan.turns) {
    if (measurement.interrupted()) return;
    benchmark::RegisterBenchmark(
        name_of(plan, turn).c_str(),
        [&](benchmark::State& state) { measure(state, plan, turn, measurement, progress, reporter); })
        ->Iterations(plan.iterations)
        ->Repetitions(1)
        ->UseManualTime();
    benchmark::RunSpecifiedBenchmarks(&reporter, nullptr, "all");
    benchmark::ClearRegisteredBenchmarks();
  }
}

}  // namespace mpmt::benchmarks
