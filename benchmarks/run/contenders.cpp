#include "benchmarks/run/contenders.hpp"

#include <algorithm>
#include <cmath>
#include <sstream>

#include "base/duration_text.hpp"
#include "base/shown.hpp"
#include "base/text.hpp"
#include "benchmarks/case/family.hpp"
#include "benchmarks/case/names.hpp"
#include "benchmarks/judge/row_text.hpp"
#include "benchmarks/judge/statistics.hpp"

namespace mpmt::benchmarks {
namespace {

/// A part of a case that may tell it from the others.
struct Part {
  const char* title;
  std::string (*cell)(const Case&);
};

std::string parameters_text(const Case& c) {
  std::string values;
  for (const auto& [name, value] : c.foreign.parameters) values += text(values.empty() ? "" : ", ", name, " ", value);
  return values;
}

const std::vector<Part>& parts() {
  static const std::vector<Part> all{
      {"program", [](const Case& c) { return c.program.empty() ? std::string("mpmt") : c.program; }},
      {"benchmark", [](const Case& c) { return c.foreign.benchmark.empty() ? "" : c.name_in_any_program(); }},
      {"parameters", parameters_text},
      {"workload", [](const Case& c) { return c.workload; }},
      {"executor", [](const Case& c) { return c.executor; }},
      {"channel", [](const Case& c) { return c.channel; }},
      {"workers", [](const Case& c) { return c.has_links() ? text(c.workers) : std::string(); }},
      {"grain", [](const Case& c) { return c.executor.empty() ? std::string() : text(c.grain); }},
      {"payload", [](const Case& c) { return c.payload_bytes > 0 ? text(c.payload_bytes) : std::string(); }},
      {"waiting", [](const Case& c) { return waiting_text(c); }},
      {"batch", [](const Case& c) { return c.batch == 0 ? std::string("split") : text(c.batch); }},
      {"placement", [](const Case& c) { return std::string(text_of(c.placement)); }},
      {"wait", [](const Case& c) { return c.has_links() && c.facts.has_wait ? std::string(text_of(c.wait)) : ""; }}};
  return all;
}

std::string bytes_text(std::uint64_t bytes) {
  const double mib = static_cast<double>(bytes) / (1 << 20);
  return bytes == 0 ? kNothing : text(fixed(mib, mib < 10 ? 1 : 0), " MiB");
}

}  // namespace

void Contenders::add(const Measured& measured) {
  if (!measured.ok() || !disturbance_of(measured).empty()) return;
  auto& series = series_[measured.planned];
  series.costs_ns.push_back(cost_ns(measured));
  double wall_ns = 0;
  for (const auto& block : measured.laps) {
    wall_ns += static_cast<double>(block.wall_ns);
    series.cpu_ns += static_cast<double>(block.submitter.cpu_ns + block.workers.cpu_ns);
    series.switches += static_cast<double>(block.submitter.voluntary_switches + block.submitter.involuntary_switches +
                                           block.workers.voluntary_switches + block.workers.involuntary_switches);
    series.operations += static_cast<double>(block.tasks);
  }
  series.blocks_ns.push_back(wall_ns / static_cast<double>(measured.laps.size()));
  series.tasks = measured.laps.front().tasks;
  if (measured.trial.memory) series.memory = measured.trial.memory;
}

/// Over the baseline with the same work, of its program; 0 when that was not measured, or is this one.
double Contenders::speed_up(std::size_t planned) const {
  const auto& own = plan_.cases[planned];
  for (const auto& [other, series] : series_) {
    const auto& alone = plan_.cases[other];
    const bool is_its = alone.measured.is_serial() && other != planned && alone.group == own.group &&
                        alone.measured.program == own.measured.program;
    if (is_its) return median(series.costs_ns) / median(series_.at(planned).costs_ns);
  }
  return 0;
}

/// What a block takes at least where its tasks take a given time: one after the other, or as many at once as there are
/// workers; 0 where that is not given.
double Contenders::least_block_ns(std::size_t planned) const {
  const Case& c = plan_.cases[planned].measured;
  const auto* const workload = plan_.program_of(c).offer.workload(c.workload);
  if (workload == nullptr || !workload->unit) return 0;
  const auto tasks = static_cast<double>(series_.at(planned).tasks);
  const double turns = c.has_links() ? std::ceil(tasks / c.workers) : tasks;
  return turns * static_cast<double>(c.grain) * static_cast<double>(workload->unit->count());
}

std::vector<Contenders::Column> Contenders::columns() const {
  const auto series = [this](std::size_t planned) -> const Series& { return series_.at(planned); };
  const auto unit = std::string(family_of(plan_.cases.front().measured).unit);
  const auto or_nothing = [](double value, const std::string& said) {
    return value > 0 ? said : std::string(kNothing);
  };
  const auto block_text = [=, this](std::size_t i) {
    return or_nothing(least_block_ns(i), duration_text(median(series(i).blocks_ns)));
  };
  const auto on_top = [=, this](std::size_t i) {
    const double least = least_block_ns(i);
    return or_nothing(least, duration_text(std::max(0.0, median(series(i).blocks_ns) - least)));
  };
  const auto memory = [=](std::uint64_t executors::Memory::*part) {
    return [=](std::size_t i) { return series(i).memory ? bytes_text((*series(i).memory).*part) : kNothing; };
  };
  return {{"time" + unit, [=](std::size_t i) { return duration_text(median(series(i).costs_ns)); }},
          {"±", [=](std::size_t i) { return fixed(100 * variation(series(i).costs_ns), 1) + " %"; }},
          {"speed-up", [=, this](std::size_t i) { return or_nothing(speed_up(i), fixed(speed_up(i), 2) + "x"); }},
          {"tasks of a block",
           [=, this](std::size_t i) { return or_nothing(least_block_ns(i), mpmt::text(series(i).tasks)); }},
          {"take", block_text},
          {"on top of waiting", on_top},
          {"CPU" + unit,
           [=](std::size_t i) {
             return or_nothing(series(i).cpu_ns, duration_text(series(i).cpu_ns / series(i).operations));
           }},
          {"switches" + unit,
           [=](std::size_t i) {
             return or_nothing(series(i).switches, fixed(series(i).switches / series(i).operations, 1));
           }},
          {"peak memory", memory(&executors::Memory::peak_bytes)},
          {"PSS", memory(&executors::Memory::pss_bytes)}};
}

std::vector<Contenders::Column> Contenders::columns_of_parts() const {
  std::vector<Column> columns;
  for (const auto& part : parts()) {
    columns.push_back({part.title, [this, &part](std::size_t i) {
                         const auto cell = part.cell(plan_.cases[i].measured);
                         return cell.empty() ? std::string(kNothing) : cell;
                       }});
  }
  std::erase_if(columns, [this](const Column& column) { return is_uniform(column); });
  return columns;
}

bool Contenders::is_uniform(const Column& column) const {
  const auto first = column.cell(series_.begin()->first);
  return std::all_of(series_.begin(), series_.end(), [&](const auto& one) { return column.cell(one.first) == first; });
}

std::string Contenders::text() const {
  if (series_.empty() || series_.size() > kMost || plan_.cases.front().measured.is_paced()) return {};
  auto all = columns_of_parts();
  if (all.empty()) all.push_back({"case", [this](std::size_t i) { return plan_.cases[i].measured.name(); }});
  for (auto& column : columns()) {
    const bool says_nothing = is_uniform(column) && column.cell(series_.begin()->first) == kNothing;
    if (!says_nothing) all.push_back(std::move(column));
  }
  std::vector<std::vector<std::string>> table(1);
  for (const auto& column : all) table.front().push_back(column.title);
  for (const auto& [planned, series] : series_) {
    auto& cells = table.emplace_back();
    for (const auto& column : all) cells.push_back(shown(column.cell(planned)));
  }
  std::ostringstream out;
  write_lines(out, table);
  return out.str();
}

}  // namespace mpmt::benchmarks
