#include "benchmarks/run/google.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/text.hpp"

namespace mpmt::benchmarks {
namespace {

/// Takes each round as it is reported and journals its contenders. What was measured is passed on the side: a Run has
/// room for numbers only.
class JournalReporter final : public benchmark::BenchmarkReporter {
 public:
  JournalReporter(const Plan& plan, Journal& journal, Progress& progress, std::string_view time_unit)
      : plan_(plan), journal_(journal), progress_(progress), time_unit_(time_unit) {}

  void expect(const std::string& together, Performed performed) {
    together_ = together;
    pending_ = std::move(performed);
  }

  bool ReportContext(const Context&) override { return true; }

  void ReportRuns(const std::vector<Run>&) override {
    if (!pending_) return;  // interrupted
    for (const auto& measured : pending_->measured) {
      journal_.add(make_entry(measured, plan_.cases[measured.planned], together_, time_unit_));
    }
    progress_.finished(*pending_);
    pending_.reset();
  }

 private:
  const Plan& plan_;
  Journal& journal_;
  Progress& progress_;
  std::string_view time_unit_;
  std::string together_;
  std::optional<Performed> pending_;
};

/// What a lap's blocks of all contenders took together, in seconds.
double lap_seconds(const std::vector<Measured>& measured, std::size_t lap) {
  double total = 0;
  for (const auto& contender : measured) {
    if (lap < contender.laps.size()) total += static_cast<double>(contender.laps[lap].wall_ns) * 1e-9;
  }
  return total;
}

void measure(benchmark::State& state, const Plan& plan, const Deal& deal, Dealer& dealer, Measurement& measurement,
             Progress& progress, JournalReporter& reporter) {
  Performed performed = measurement.perform(plan, deal);
  for (const auto& line : measurement.resized()) progress.tell(line);
  if (performed.interrupted) return state.SkipWithError("interrupted");  // maybe in the midst of its laps
  dealer.take(deal, performed.measured, performed.cost);
  const auto failed = std::find_if(performed.measured.begin(), performed.measured.end(),
                                   [](const auto& contender) { return !contender.ok(); });
  if (failed != performed.measured.end()) {
    state.SkipWithError(failed->trial.error.c_str());
  } else {
    // The laps have been run, one for each iteration: here their times are handed in.
    std::size_t lap = 0;
    for ([[maybe_unused]] auto iteration : state) state.SetIterationTime(lap_seconds(performed.measured, lap++));
  }
  reporter.expect(deal.name, std::move(performed));
}

}  // namespace

void run_with_google_benchmark(const Plan& plan, Dealer& dealer, Measurement& measurement, Journal& journal,
                               Progress& progress, std::string_view time_unit) {
  JournalReporter reporter(plan, journal, progress, time_unit);
  const auto start = Clock::now();
  // One at a time: the library would first make a list of all, deaf to signals, and keep it.
  while (!measurement.interrupted()) {
    const auto deal = dealer.next(measurement.pilots_s() + seconds_since(start));
    if (!deal) return;
    progress.starting(*deal, dealer);
    benchmark::RegisterBenchmark(
        text(deal->name, "/round:", deal->round).c_str(),
        [&](benchmark::State& state) { measure(state, plan, *deal, dealer, measurement, progress, reporter); })
        ->Iterations(deal->laps)
        ->Repetitions(1)
        ->UseManualTime();
    benchmark::RunSpecifiedBenchmarks(&reporter, nullptr, "all");
    benchmark::ClearRegisteredBenchmarks();
    progress.decided(dealer);
  }
}

}  // namespace mpmt::benchmarks
