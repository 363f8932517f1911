#include "benchmarks/record/stored.hpp"

#include <nlohmann/json.hpp>
#include <stdexcept>
#include <system_error>

#include "base/input_file.hpp"
#include "base/shown.hpp"
#include "base/text.hpp"
#include "benchmarks/plan/options.hpp"
#include "benchmarks/record/context.hpp"
#include "benchmarks/record/entry.hpp"
#include "benchmarks/record/places.hpp"

namespace mpmt::benchmarks {
namespace {

using nlohmann::json;

/// The reason in what the JSON library says: "[json.exception.out_of_range.406] number overflow parsing '1e999'".
std::string reason_in(const json::exception& failure) {
  const std::string said = failure.what();
  const auto end = said.find("] ");
  return shown(end == std::string::npos ? said : said.substr(end + 2));
}

json json_in(const std::string& path) {
  std::string contents;
  try {
    contents = contents_of_file(path);
  } catch (const std::runtime_error& failure) {
    throw UsageError(failure.what());
  }
  if (contents.starts_with("\xFF\xFE") || contents.starts_with("\xFE\xFF")) {
    throw UsageError(text(shown(path), ": is UTF-16; a record is UTF-8"));
  }
  try {
    return json::parse(contents);  // a byte-order mark of UTF-8 is read over
  } catch (const json::out_of_range& failure) {
    throw UsageError(text(shown(path), ": ", reason_in(failure)));
  } catch (const json::parse_error&) {
    throw UsageError(text(shown(path), ": is not JSON, or is cut off"));
  }
}

/// When a record was made, as its name tells: "<commit>-<utc>.json", UTC as 20260131T235959Z. Empty for other names.
std::string time_of(const std::filesystem::path& place) {
  constexpr std::size_t kDigitsOfUtc = 16;
  const auto name = place.stem().string();
  const auto time = name.substr(name.rfind('-') + 1);
  const bool is_time = time.size() == kDigitsOfUtc && time[8] == 'T' && time.back() == 'Z';
  return place.extension() == ".json" && is_time ? time : "";
}

}  // namespace

StoredRounds read_record(const std::string& path) {
  const auto record = json_in(path);
  const auto suite = json::json_pointer("/context/suite");
  const bool ours = record.is_object() && record.contains("benchmarks") && record["benchmarks"].is_array() &&
                    record.contains(suite) && record[suite] == "mpmt";
  if (!ours) throw UsageError(text(shown(path), ": is not a record of mpmt"));
  StoredRounds rounds;
  std::size_t position = 0;
  auto cases = record.value("cases", json::object());  // none in versions 1 and 2
  for (auto& once : cases) {
    if (once.is_object()) once.erase("latency_histogram");
  }
  for (const auto& entry : record["benchmarks"]) {
    try {
      if (entry.at("run_type") == "iteration") {
        const auto once = cases.find(entry.value("run_name", ""));
        rounds.observations.push_back(observation_of(once == cases.end() ? entry : said_with(*once, entry)));
      }
    } catch (const std::exception& wrong) {
      throw UsageError(text(shown(path), ": benchmarks[", position, "]: ", shown(wrong.what())));
    }
    ++position;
  }
  try {
    rounds.rules = rules_of(record["context"]);
  } catch (const std::exception& wrong) {
    throw UsageError(text(shown(path), ": context/rules: ", shown(wrong.what())));
  }
  return rounds;
}

std::optional<std::filesystem::path> latest_record(const std::string& machine_key) {
  std::optional<std::filesystem::path> latest;
  std::error_code failed;
  std::filesystem::directory_iterator items(default_record(machine_key, "").parent_path(), failed);
  for (; !failed && items != std::filesystem::directory_iterator(); items.increment(failed)) {
    const auto& place = items->path();
    std::error_code unknown;
    if (time_of(place).empty() || !items->is_regular_file(unknown)) continue;
    if (!latest || time_of(place) > time_of(*latest)) latest = place;
  }
  return latest;
}

}  // namespace mpmt::benchmarks
