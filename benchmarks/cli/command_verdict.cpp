#include <iomanip>
#include <iostream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "base/input_file.hpp"
#include "base/shown.hpp"
#include "base/text.hpp"
#include "benchmarks/cli/commands.hpp"
#include "benchmarks/record/entry.hpp"
#include "base/output.hpp"

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

std::vector<Observation> observations_in(const std::string& path) {
  const auto record = json_in(path);
  const auto suite = json::json_pointer("/context/suite");
  const bool ours = record.is_object() && record.contains("benchmarks") && record["benchmarks"].is_array() &&
                    record.contains(suite) && record[suite] == "mpmt";
  if (!ours) throw UsageError(text(shown(path), ": is not a record of mpmt"));
  std::vector<Observation> observations;
  std::size_t position = 0;
  for (const auto& entry : record["benchmarks"]) {
    try {
      if (entry.at("run_type") == "iteration") observations.push_back(observation_of(entry));
    } catch (const std::exception& wrong) {
      throw UsageError(text(shown(path), ": benchmarks[", position, "]: ", shown(wrong.what())));
    }
    ++position;
  }
  return observations;
}

}  // namespace

int show_verdict(const std::string& record, int relabelled, std::uint64_t seed) {
  const auto observations = observations_in(record);
  const auto rows = compare(observations);
  if (rows.empty()) {
    print_line(text("no thread case and process case to compare in ", record));
    return kNothingMatched;
  }
  std::cout << table_of(rows);
  if (relabelled == 0) return kOk;
  const double share = false_winner_share(observations, relabelled, seed);
  if (share < 0)
    throw UsageError(
        "--relabel: no pinned case of this record has the 10 ok trials that make 5 pairs; take more --rounds");
  std::cout << "\nOf " << relabelled << " tables in which both sides are the same executor, " << std::fixed
            << std::setprecision(2) << 100 * share << " % name a winner.\n";
  return kOk;
}

}  // namespace mpmt::benchmarks
