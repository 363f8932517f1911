#include <cmath>
#include <iostream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "base/shown.hpp"
#include "base/text.hpp"
#include "benchmarks/cli/commands.hpp"

namespace mpmt::benchmarks {

using Json = nlohmann::json;

namespace {

std::vector<Lap> laps_of(const Json& round) {
  if (!round.is_array()) throw std::invalid_argument("a round is a list of laps");
  std::vector<Lap> laps;
  for (const auto& lap : round) {
    const bool pair = lap.is_array() && lap.size() == 2 && lap[0].is_number() && lap[1].is_number();
    if (!pair) {
      throw std::invalid_argument(
          text("lap ", laps.size(), ", counted from 0: a list of two numbers is needed, [a_ns, b_ns]"));
    }
    laps.push_back({lap[0].get<double>(), lap[1].get<double>()});
  }
  return laps;
}

std::vector<double> series_of(const Json& row, const char* key) {
  std::vector<double> logs;
  if (!row.contains(key)) return logs;
  if (!row[key].is_array()) throw std::invalid_argument("not a list of rounds");
  for (const auto& round : row[key]) {
    try {
      logs.push_back(log_ratio_of(laps_of(round)));
    } catch (const std::invalid_argument& wrong) {
      throw std::invalid_argument(text('[', logs.size(), "]: ", wrong.what()));
    }
  }
  return logs;
}

/// The field is named by whatever is wrong with it.
std::vector<double> field(const Json& row, const char* key) {
  try {
    return series_of(row, key);
  } catch (const std::invalid_argument& wrong) {
    throw std::invalid_argument(text(key, wrong.what()[0] == '[' ? "" : ": ", wrong.what()));
  }
}

Json to_json(const Json& id, const Finding& finding) {
  const auto number = [&](double value) { return finding.rounds == 0 ? Json(nullptr) : Json(value); };
  return {{"id", id},
          {"verdict", text_of(finding.judgement)},
          {"rounds", finding.rounds},
          {"ratio", number(finding.ratio)},
          {"low", number(finding.low)},
          {"high", number(finding.high)},
          {"detectable", number(finding.detectable)},
          {"reason", finding.reason},
          {"more", {{"rounds", finding.more.rounds}, {"confirming", finding.more.confirming}}}};
}

Json answer(const std::string& line, const Rules& rules) {
  const auto row = Json::parse(line, nullptr, false);
  if (!row.is_object()) throw std::invalid_argument("not a JSON object");
  if (!row.contains("id") || !row["id"].is_string()) throw std::invalid_argument("id: a string is needed");
  if (!row.contains("rounds")) throw std::invalid_argument("rounds: a list is needed");
  const auto rounds = field(row, "rounds");
  auto found = to_json(row["id"], judge(rounds, field(row, "confirming"), rules));
  found["all"] = nullptr;
  if (rounds.size() > 1) {
    const auto all = interval_of(rounds, rules.confidence);
    found["all"] = {{"rounds", rounds.size()}, {"ratio", all.ratio}, {"low", all.low}, {"high", all.high}};
  }
  return found;
}

}  // namespace

int judge_lines(const Rules& rules) {
  int number = 0;
  for (std::string line; std::getline(std::cin, line);) {
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    try {
      // In ASCII: an id is whatever somebody else has called it. Flushed, since the answer may be waited for.
      std::cout << answer(line, rules).dump(-1, ' ', true, Json::error_handler_t::replace) << std::endl;
    } catch (const std::invalid_argument& wrong) {
      throw UsageError(text("standard input, line ", number, ": ", shown(wrong.what())));
    }
    if (!std::cout) break;
  }
  if (std::cin.bad()) throw UsageError("standard input cannot be read");
  return kOk;
}

}  // namespace mpmt::benchmarks
