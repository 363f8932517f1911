#include "benchmarks/run/progress.hpp"

#include <array>
#include <cmath>
#include <cstdio>
#include <iostream>

#include "base/shown.hpp"
#include "base/text.hpp"
#include "base/duration_text.hpp"
#include "base/output.hpp"
#include "benchmarks/judge/statistics.hpp"

namespace mpmt::benchmarks {
namespace {

using executors::Status;

std::string formatted(const char* format, double value) {
  std::array<char, 32> buffer;
  std::snprintf(buffer.data(), buffer.size(), format, value);
  return buffer.data();
}

std::string clock_text(double seconds) {
  const auto whole = static_cast<long>(seconds);
  std::array<char, 32> buffer;
  std::snprintf(buffer.data(), buffer.size(), "%ld:%02ld", whole / 60, whole % 60);
  return buffer.data();
}

std::string padded(const std::string& cell, std::size_t width) {
  return cell.size() < width ? std::string(width - cell.size(), ' ') + cell : cell;
}

/// Median, of what, and coefficient of variation of the trials; in brackets when all there is was disturbed.
std::string figures_of(const std::vector<double>& ok, const std::vector<double>& disturbed, const std::string& of) {
  if (!ok.empty()) {
    return padded(duration_text(median(ok)) + of, 15) + padded(formatted("±%.1f %%", 100 * variation(ok)), 10);
  }
  if (!disturbed.empty()) return padded("(" + duration_text(median(disturbed)) + of + ")", 16) + std::string(8, ' ');
  return padded("no result", 24);
}

/// What a case's cost is the time of.
std::string cost_of(const Case& measured) {
  if (!measured.is_exchange()) return "/task";
  return measured.exchange.pattern == pairs::Pattern::open_loop ? "" : "/op";
}

bool is_failure(Status status) {
  return status == Status::wrong_checksum || status == Status::worker_died || status == Status::timed_out ||
         status == Status::error;
}

}  // namespace

Progress::Progress(const Plan& plan, bool quiet) : plan_(plan), quiet_(quiet), rewrites_(can_rewrite_lines()) {}

Progress::~Progress() {
  clear_line();
}

void Progress::clear_line() {
  if (rewrites_) std::cerr << "\r\033[K" << std::flush;
}

void Progress::say(const std::string& line) {
  if (!rewrites_) return;
  clear_line();
  std::cerr << shown(line.substr(0, 110)) << std::flush;
}

void Progress::tell(const std::string& line) {
  clear_line();
  mpmt::tell(line);
}

void Progress::starting(const Turn& turn) {
  if (!start_) start_ = Clock::now();
  if (!rewrites_) return;
  const double elapsed = std::chrono::duration<double>(Clock::now() - *start_).count();
  const auto total = plan_.turns.size();
  const auto rest =
      done_ == 0 ? "" : text(", about ", clock_text(elapsed / double(done_) * double(total - done_)), " left");
  say(text("trial ", done_ + 1, " of ", total, "  ", clock_text(elapsed), rest, "  ",
           plan_.cases[turn.planned].measured.name()));
}

void Progress::finished(const Measured& measured) {
  ++done_;
  auto& series = series_[measured.planned];
  const auto status = status_of(measured);
  ++series.rounds;
  if (status == Status::ok) {
    series.per_task.push_back(cost_ns(measured.trial));
    task_times_.add(plan_.cases[measured.planned].measured, series.per_task.back());
  } else {
    ++series.troubles[std::string(text_of(status))];
    if (series.error.empty())
      series.error = status == Status::disturbed ? disturbance_of(measured) : measured.trial.error;
    if (status == Status::disturbed) series.disturbed.push_back(cost_ns(measured.trial));
  }
  disturbed_ += status == Status::disturbed;
  failed_ += is_failure(status);
  if (series.rounds < plan_.rounds) return;
  clear_line();
  ++cases_done_;
  if (!quiet_) {
    print_line(line_of(plan_.cases[measured.planned].measured, series));
    std::cout.flush();
  }
  series_.erase(measured.planned);
}

std::string Progress::line_of(const Case& measured, const Series& series) const {
  const auto total = std::to_string(plan_.cases.size());
  std::string line = text("[", padded(std::to_string(cases_done_), total.size()), "/", total, "] ",
                          figures_of(series.per_task, series.disturbed, cost_of(measured)), "  ", measured.name());
  // The figure itself says what a task takes here; the grain means what it takes alone.
  const auto task = task_times_.of(measured);
  if (task.by == "serial" && measured.executor != task.by) line += "  (a task takes " + text_of(task) + ")";
  if (const auto why = instability(series.per_task); !why.empty()) line += "  unstable: " + why;
  for (const auto& [status, count] : series.troubles) line += text("  ", status, " ", count, "/", series.rounds);
  if (!series.error.empty()) line += " (" + series.error + ")";
  return line;
}

}  // namespace mpmt::benchmarks
