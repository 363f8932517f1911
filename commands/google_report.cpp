#include "commands/google_report.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <vector>

#include "base/shown.hpp"
#include "base/text.hpp"
#include "commands/tolerant_json.hpp"

namespace mpmt::commands {
namespace {

using nlohmann::json;
using Fields = std::map<std::string, json>;
using From = GoogleFigure::From;

constexpr double kMostNs = 1e15;  // an iteration of eleven days

/// Gathers the plain fields of each object in the outermost "benchmarks".
class EntryReader final : public nlohmann::json_sax<json> {
 public:
  explicit EntryReader(const ToleratedJson& source) : source_(source) {}

  std::vector<Fields> entries;
  std::string fault;

  bool null() override { return true; }
  bool boolean(bool value) override { return put(value); }
  bool number_integer(number_integer_t value) override { return put(value); }
  bool number_unsigned(number_unsigned_t value) override { return put(value); }
  bool number_float(number_float_t value, const string_t& /*text*/) override { return put(value); }
  bool string(string_t& value) override { return put(source_.as_written(value)); }
  bool binary(binary_t& /*value*/) override { return true; }
  bool key(string_t& name) override {
    if (depth_ == 1) among_benchmarks_ = name == "benchmarks";
    key_ = name;
    return true;
  }
  bool start_object(std::size_t /*elements*/) override {
    if (++depth_ == kEntryDepth && among_benchmarks_) entries.emplace_back();
    return true;
  }
  bool end_object() override { return leave(); }
  bool start_array(std::size_t /*elements*/) override { return ++depth_ > 0; }
  bool end_array() override { return leave(); }
  bool parse_error(std::size_t /*position*/, const std::string& /*token*/, const json::exception& error) override {
    fault = error.what();
    fault = fault.substr(std::min(fault.size(), fault.find("] ") + 2));  // without the exception's own number
    return false;
  }

 private:
  static constexpr int kEntryDepth = 3;  // the document, its benchmarks, one of them

  bool put(json value) {
    if (depth_ == kEntryDepth && among_benchmarks_ && !entries.empty()) entries.back().emplace(key_, std::move(value));
    return true;
  }
  bool leave() {
    --depth_;
    return true;
  }

  const ToleratedJson& source_;
  int depth_ = 0;
  bool among_benchmarks_ = false;
  std::string key_;
};

std::string text_in(const Fields& entry, const std::string& field) {
  const auto found = entry.find(field);
  return found != entry.end() && found->second.is_string() ? found->second.get<std::string>() : "";
}

std::optional<double> number_in(const Fields& entry, const std::string& field) {
  const auto found = entry.find(field);
  if (found == entry.end() || !found->second.is_number()) return std::nullopt;
  return found->second.get<double>();
}

std::uint64_t count_in(const Fields& entry, const std::string& field, std::uint64_t otherwise) {
  const auto number = number_in(entry, field);
  return number && *number >= 0 && *number < 1e18 ? static_cast<std::uint64_t>(*number) : otherwise;
}

bool is_set(const Fields& entry, const std::string& field) {
  const auto found = entry.find(field);
  return found != entry.end() && found->second != json(false) && found->second != json("");
}

double scale_of(const Fields& entry) {
  const std::map<std::string, double> units{{"", 1}, {"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}};
  const auto unit = units.find(text_in(entry, "time_unit"));
  return unit == units.end() ? std::nan("") : unit->second;
}

double time_of(const Fields& entry) {
  const double ns = number_in(entry, "real_time").value_or(std::nan("")) * scale_of(entry);
  if (!(ns > 0 && ns <= kMostNs)) throw std::runtime_error("takes no time that can be measured");
  return ns;
}

void throw_if_skipped(const Fields& entry) {
  if (!is_set(entry, "error_occurred") && !is_set(entry, "skipped")) return;
  auto why = text_in(entry, "error_message");
  if (why.empty()) why = text_in(entry, "skip_message");
  throw GoogleSkipped("skipped: " + (why.empty() ? "no reason given" : shown(why)));
}

/// Which aggregate of this benchmark it is; empty for another entry.
std::string aggregate_of(const Fields& entry, const std::string& benchmark) {
  if (text_in(entry, "run_type") == "aggregate") {
    return text_in(entry, "run_name") == benchmark ? text_in(entry, "aggregate_name") : "";
  }
  if (entry.contains("run_type")) return "";
  const auto name = text_in(entry, "name");
  return name.starts_with(benchmark + "_") ? name.substr(benchmark.size() + 1) : "";
}

bool is_run_of(const Fields& entry, const std::string& benchmark) {
  if (entry.contains("big_o") || entry.contains("rms") || text_in(entry, "run_type") == "aggregate") return false;
  return text_in(entry, "name") == benchmark;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const auto half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

void refuse_namesakes(const std::vector<Fields>& runs) {
  std::set<std::uint64_t> repetitions;
  for (const auto& run : runs) {
    if (!number_in(run, "repetition_index")) continue;
    if (!repetitions.insert(count_in(run, "repetition_index", 0)).second) {
      throw std::runtime_error("several benchmarks have this name: which of them is meant cannot be said");
    }
  }
}

GoogleFigure figure_of_runs(const std::vector<Fields>& runs) {
  refuse_namesakes(runs);
  std::vector<double> times;
  for (const auto& run : runs) {
    throw_if_skipped(run);
    times.push_back(time_of(run));
  }
  return {median(times), runs.size() == 1 ? From::run : From::median_of_runs, runs.size(),
          count_in(runs.front(), "iterations", 0), std::max<std::uint64_t>(1, count_in(runs.front(), "threads", 1))};
}

/// What a report says when it is asked for runs and has none.
GoogleFigure figure_of_aggregates(const std::vector<Fields>& entries, const std::string& benchmark) {
  std::map<std::string, Fields> aggregates;
  for (const auto& entry : entries) {
    if (const auto kind = aggregate_of(entry, benchmark); !kind.empty()) aggregates.emplace(kind, entry);
  }
  for (const auto& [kind, from] : {std::pair{"median", From::median_aggregate}, {"mean", From::mean_aggregate}}) {
    const auto found = aggregates.find(kind);
    if (found == aggregates.end()) continue;
    throw_if_skipped(found->second);
    const auto threads = std::max<std::uint64_t>(1, count_in(found->second, "threads", 1));
    return {time_of(found->second), from, count_in(found->second, "repetitions", 1), 0, threads};
  }
  throw GoogleMissing("ran no benchmark of this name");
}

}  // namespace

GoogleFigure figure_of(const std::string& report, const std::string& benchmark) {
  if (report.find_first_not_of(" \t\r\n") == std::string::npos) throw GoogleMissing("ran no benchmark of this name");
  const auto tolerated = tolerated_json(report);
  EntryReader reader(tolerated);
  if (!json::sax_parse(tolerated.text, &reader)) {
    throw std::runtime_error("its JSON cannot be used: " + shown(reader.fault).substr(0, 200));
  }
  std::vector<Fields> runs;
  std::copy_if(reader.entries.begin(), reader.entries.end(), std::back_inserter(runs),
               [&](const auto& entry) { return is_run_of(entry, benchmark); });
  return runs.empty() ? figure_of_aggregates(reader.entries, benchmark) : figure_of_runs(runs);
}

}  // namespace mpmt::commands
