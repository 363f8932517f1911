#include "benchmarks/run/progress.hpp"

#include <array>
#include <cmath>
#include <cstdio>
#include <iostream>

#include "base/duration_text.hpp"
#include "base/output.hpp"
#include "base/shown.hpp"
#include "base/text.hpp"
#include "benchmarks/case/family.hpp"
#include "benchmarks/case/names.hpp"
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

/// Median, of what, and coefficient of variation of the rounds.
std::string figures_of(const std::vector<double>& costs, const std::string& of) {
  if (costs.empty()) return padded("no result", 24);
  return padded(duration_text(median(costs)) + of, 15) + padded(formatted("±%.1f %%", 100 * variation(costs)), 10);
}

std::string without_digits(std::string note) {
  std::erase_if(note, [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
  return note;
}

/// What a case's cost is the time of.
std::string cost_of(const Case& measured) {
  return measured.is_paced() ? "" : std::string(family_of(measured).unit);
}

bool is_failure(Status status) {
  return status == Status::wrong_checksum || status == Status::worker_died || status == Status::timed_out ||
         status == Status::error;
}

}  // namespace

Progress::Progress(const Plan& plan, const Rules& rules, bool quiet)
    : plan_(plan),
      rules_(rules),
      quiet_(quiet),
      rewrites_(can_rewrite_lines()),
      contenders_(plan),
      said_(plan.rows(), false) {}

Progress::~Progress() {
  clear_line();
}

void Progress::clear_line() {
  if (rewrites_) std::cerr << "\r\033[K" << std::flush;
}

void Progress::print(const std::string& line) {
  clear_line();
  if (quiet_) return;
  print_line(line);
  std::cout.flush();
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

void Progress::starting(const Deal& deal, const Dealer& dealer) {
  if (!start_) start_ = Clock::now();
  if (!rewrites_) return;
  const auto of = plan_.rounds ? text(" of ", plan_.groups.size() * static_cast<std::size_t>(*plan_.rounds))
                               : text(", at most ", clock_text(plan_.budget_s));
  const auto rows = plan_.rows();
  say(text("round ", rounds_ + 1, "  ", clock_text(seconds_since(*start_)), of, "  ",
           rows > 0 ? text(dealer.decided(), " of ", rows, " rows decided  ") : "", deal.name));
}

void Progress::finished(const Performed& performed) {
  ++rounds_;
  busy_ += performed.busy;
  if (!performed.measured.empty()) {
    auto load = performed.measured.front().load;
    load.change.clear();  // LoadMeter::change() keeps that
    load_ ? * load_ += load : load_.emplace(load);
  }
  for (const auto& measured : performed.measured) {
    contenders_.add(measured);
    auto& series = series_[measured.planned];
    ++series.rounds;
    const auto disturbance = disturbance_of(measured);
    disturbed_ += !disturbance.empty();
    for (const auto& note : measured.trial.notes) {
      // The same is said of each program, and with other figures each round: once is enough.
      const auto name = plan_.cases[measured.planned].measured.name_in_any_program();
      if (noted_.insert(text(name, ": ", without_digits(note))).second) tell(text(name, ": ", note));
    }
    failed_ += is_failure(measured.trial.status);
    if (measured.ok() && disturbance.empty()) {
      series.costs.push_back(cost_ns(measured));
      task_times_.add(plan_.cases[measured.planned].measured, series.costs.back());
      continue;
    }
    ++series.troubles[measured.ok() ? "disturbed" : std::string(text_of(measured.trial.status))];
    if (series.error.empty()) series.error = measured.ok() ? disturbance : measured.trial.error;
  }
}

void Progress::decided(Dealer& dealer) {
  const auto rows = dealer.rows();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (said_[i] || !is_decided(rows[i])) continue;
    said_[i] = true;
    const auto& finding = rows[i].finding;
    const auto total = std::to_string(rows.size());
    print(text("[", padded(std::to_string(++rows_said_), total.size()), "/", total, "] ",
               formatted("%.3f", finding.ratio), " [", formatted("%.3f", finding.low), " - ",
               formatted("%.3f", finding.high), "]  ", in_words(rows[i], rules_), ": ", rows[i].b.name(), " ÷ ",
               rows[i].names().a));
  }
  for (const auto planned : dealer.done()) {
    if (plan_.rows() == 0) say_case(planned);
  }
}

void Progress::rest() {
  while (plan_.rows() == 0 && !series_.empty()) say_case(series_.begin()->first);
}

void Progress::say_case(std::size_t planned) {
  const auto series = series_.find(planned);
  if (series == series_.end()) return;
  ++cases_said_;
  print(line_of(plan_.cases[planned].measured, series->second));
  series_.erase(series);
}

std::string Progress::line_of(const Case& measured, const Series& series) const {
  const auto total = std::to_string(plan_.cases.size());
  std::string line = text("[", padded(std::to_string(cases_said_), total.size()), "/", total, "] ",
                          figures_of(series.costs, cost_of(measured)), "  ", measured.name());
  // The figure itself says what a task takes here; the grain means what it takes alone.
  const auto task = task_times_.of(measured);
  if (task.alone && !measured.is_serial()) line += "  (a task takes " + text_of(task) + ")";
  if (const auto why = instability(series.costs); !why.empty()) line += "  unstable: " + why;
  for (const auto& [status, count] : series.troubles) line += text("  ", status, " ", count, "/", series.rounds);
  if (!series.error.empty()) line += " (" + series.error + ")";
  return line;
}

}  // namespace mpmt::benchmarks
