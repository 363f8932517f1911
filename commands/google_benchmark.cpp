#include "commands/google_benchmark.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <stdexcept>

#include "base/checked.hpp"
#include "base/duration_text.hpp"
#include "base/shown.hpp"
#include "base/text.hpp"
#include "commands/google_command.hpp"
#include "commands/google_report.hpp"

namespace mpmt::commands {
namespace {

using executors::Block;
using executors::Outcome;
using executors::Status;

constexpr double kGuessNs = 1000;  // of an iteration, as long as none has been seen
constexpr std::size_t kMostReportBytes = std::size_t{64} << 20;
constexpr double kMuchLonger =
    4;  // than the figure; a library that looks for its number of iterations takes twice as long
constexpr double kLongNs = 5e7;

/// A file in memory, which a process that inherits it opens by name.
class ReportFile {
 public:
  ReportFile() : file_(checked([] { return ::memfd_create("google_benchmark", MFD_CLOEXEC); }, "memfd_create")) {}

  int descriptor() const { return file_.get(); }
  std::string option() const { return text("--benchmark_out=/proc/self/fd/", file_.get()); }
  /// All of it, or as much as a report may have.
  std::string contents() const {
    std::string read;
    while (read.size() < kMostReportBytes) {
      const auto before = read.size();
      read.resize(before + 65536);
      const auto count = checked(
          [&] { return ::pread(file_.get(), read.data() + before, read.size() - before, static_cast<off_t>(before)); },
          "pread", "a report");
      read.resize(before + static_cast<std::size_t>(count));
      if (count == 0) break;
    }
    return read;
  }

 private:
  Fd file_;
};

struct Answer {
  Captured process;
  std::string report;
};

/// What blocks have shown of a benchmark.
class Observations {
 public:
  void add(std::uint64_t asked, const GoogleFigure& figure, Nanoseconds took) {
    const bool again = figure_ && asked != asked_ && figure.iterations == figure_->iterations;
    always_ = always_ || again;
    asked_ = asked;
    figure_ = figure;
    const Share share{figure.ns_per_iteration * static_cast<double>(figure.iterations * figure.runs),
                      static_cast<double>(took.count())};
    if (share.counted_ns * best_.took_ns >= best_.counted_ns * share.took_ns) best_ = share;
  }
  std::optional<double> ns_per_iteration() const {
    return figure_ ? std::optional(figure_->ns_per_iteration) : std::nullopt;
  }
  std::vector<std::string> notes(const GoogleConfig& config) const {
    if (!figure_) return {};
    std::vector<std::string> notes;
    for (const auto& note : {on_iterations(config), on_origin(), on_time()}) {
      if (!note.empty()) notes.push_back(note);
    }
    return notes;
  }

 private:
  std::string on_iterations(const GoogleConfig& config) const {
    const auto done = figure_->iterations / figure_->threads;
    const bool in_name = config.benchmark.find(text("/iterations:", done)) != std::string::npos;
    if (figure_->iterations == 0 || (!config.fixed_iterations && !in_name) || done == asked_) return {};
    if (in_name || always_) return text("it runs ", done, " iterations whatever is asked");
    return text("it ran ", done, " iterations when ", asked_, " were asked for");
  }

  std::string on_origin() const {
    switch (figure_->from) {
      case GoogleFigure::From::run:
        break;
      case GoogleFigure::From::median_of_runs:
        return text("it runs ", figure_->runs, " times in a process: the median is its figure");
      case GoogleFigure::From::median_aggregate:
        return "it reports only aggregates: their median is its figure";
      case GoogleFigure::From::mean_aggregate:
        return "it reports only aggregates, and no median: their mean is its figure";
    }
    return {};
  }

  std::string on_time() const {
    const auto [counted_ns, took_ns] = best_;
    if (figure_->iterations == 0 || took_ns < kMuchLonger * counted_ns || took_ns - counted_ns < kLongNs) return {};
    return text("of ", duration_text(took_ns), " that a process takes, ", duration_text(counted_ns),
                " are in its figure: the rest is set-up, or time that it does not count");
  }

  struct Share {
    double counted_ns = 0;
    double took_ns = 0;
  };

  std::optional<GoogleFigure> figure_;
  std::uint64_t asked_ = 0;
  Share best_;  ///< of all blocks, with the largest part counted: a process that others kept waiting tells nothing
  bool always_ = false;
};

class GoogleBenchmark final : public executors::Executor {
 public:
  explicit GoogleBenchmark(const GoogleConfig& config) : config_(config), environment_(environment_for_google()) {}

  Outcome run(const executors::Request& request, Deadline deadline) override {
    if (broken_ || ended_) return {Status::error, "the benchmark is broken or has ended", {}};
    broken_ = true;
    const auto tasks = std::max<std::uint64_t>(1, request.tasks);
    auto outcome = attempt(tasks, deadline);
    broken_ = outcome.status != Status::ok;
    return outcome;
  }

  bool shutdown(Deadline /*deadline*/) override {
    ended_ = true;
    return true;
  }
  std::vector<executors::WorkerFacts> workers() const override { return {}; }
  std::vector<std::string> notes() const override { return seen_.notes(config_); }

 private:
  Outcome attempt(std::uint64_t tasks, Deadline deadline) {
    try {
      const auto answer = answer_to(tasks, deadline);
      if (!answer.process.end) {
        return {Status::timed_out, text("did not end within ", duration_text(ns_of(answer.process.took))), {}};
      }
      return outcome_of(answer, tasks);
    } catch (const std::exception& failure) {
      return {Status::error, failure.what(), {}};
    }
  }

  Outcome outcome_of(const Answer& answer, std::uint64_t tasks) {
    const auto& end = *answer.process.end;
    const bool well = !end.killed && end.code == 0;
    try {
      const auto figure = figure_of(answer.report, config_.benchmark);
      if (well) return outcome_of(figure, answer.process, tasks);
    } catch (const GoogleSkipped& skipped) {
      return {Status::unsupported, skipped.what(), {}};
    } catch (const GoogleMissing& missing) {
      const auto last = answer.process.last_line();
      if (well) return {Status::error, missing.what() + (last.empty() ? "" : ": " + shown(last)), {}};
    } catch (const std::runtime_error& unusable) {
      if (well) return {Status::error, unusable.what(), {}};
    }
    return {end.killed ? Status::worker_died : Status::error, ending(answer.process), {}};
  }

  Outcome outcome_of(const GoogleFigure& figure, const Captured& process, std::uint64_t tasks) {
    seen_.add(tasks, figure, process.took);
    const double wall_ns = figure.ns_per_iteration * static_cast<double>(tasks);
    if (wall_ns > 9e18) return {Status::error, text(tasks, " iterations would take centuries"), {}};
    Block block;
    block.tasks = tasks;
    block.messages = 1;
    block.wall_ns = std::max<std::int64_t>(1, std::llround(wall_ns));
    block.sum = tasks;
    // Of a process that did something else than was asked, the use is that of something else.
    const bool as_asked = figure.from == GoogleFigure::From::run && figure.iterations == tasks * figure.threads;
    if (as_asked) block.workers = process.used;
    if (process.took.count() > block.wall_ns) block.elapsed_ns = process.took.count();
    return {Status::ok, {}, block};
  }

  static double ns_of(Nanoseconds time) { return static_cast<double>(time.count()); }

  Answer answer_to(std::uint64_t tasks, Deadline deadline) {
    if (config_.fixed_iterations) return ask(text(tasks, "x"), deadline);
    const auto seconds = seconds_for(tasks);
    auto answer = ask(seconds + unit_, deadline);
    const auto& end = answer.process.end;
    const bool refused = end && !end->killed && end->code != 0 && answer.report.empty() &&
                         answer.process.last_line().find("min_time") != std::string::npos;
    if (!refused || !unit_.empty()) return answer;
    unit_ = "s";  // what newer libraries call for
    return ask(seconds + unit_, deadline);
  }

  /// Whole microseconds and an exponent: a decimal point is a comma where the program has chosen such a locale.
  std::string seconds_for(std::uint64_t tasks) const {
    const double ns = seen_.ns_per_iteration().value_or(kGuessNs) * static_cast<double>(tasks);
    return text(static_cast<std::uint64_t>(std::clamp(ns / 1e3, 1.0, 1e12)), "e-6");
  }

  Answer ask(const std::string& length, Deadline deadline) const {
    const ReportFile report;
    auto command = with_options(
        config_.command, {"--benchmark_filter=" + loose_filter(config_.benchmark), "--benchmark_min_time=" + length,
                          "--benchmark_repetitions=1", "--benchmark_report_aggregates_only=false",
                          "--benchmark_display_aggregates_only=false", "--benchmark_format=console", report.option(),
                          "--benchmark_out_format=json"});
    auto process = capture({std::move(command), environment_, config_.cpus, report.descriptor()}, deadline);
    return {std::move(process), report.contents()};
  }

  const GoogleConfig config_;
  const std::vector<std::string> environment_;
  Observations seen_;
  std::string unit_;  ///< of the time that is asked for
  bool broken_ = false;
  bool ended_ = false;
};

}  // namespace

std::unique_ptr<executors::Executor> start_google(const GoogleConfig& config, Deadline /*deadline*/) {
  if (config.command.empty()) throw std::invalid_argument(text(config.name, ": command: none"));
  if (config.benchmark.empty()) throw std::invalid_argument(text(config.name, ": benchmark: it has no name"));
  return std::make_unique<GoogleBenchmark>(config);
}

}  // namespace mpmt::commands
