#include <filesystem>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "benchmarks/commands.hpp"
#include "benchmarks/entry.hpp"
#include "benchmarks/output.hpp"

namespace mpmt::benchmarks {
namespace {

std::vector<Observation> observations_in(const std::string& path) {
  std::error_code failed;
  std::ifstream in(path);
  if (!in || std::filesystem::is_directory(path, failed)) throw UsageError(text(path, ": cannot be read"));
  const auto record = nlohmann::json::parse(in, nullptr, false);
  if (record.is_discarded()) throw UsageError(text(path, ": is not JSON, or is cut off"));
  const auto suite = nlohmann::json::json_pointer("/context/suite");
  const bool ours = record.is_object() && record.contains("benchmarks") && record["benchmarks"].is_array() &&
                    record.contains(suite) && record[suite] == "mpmt";
  if (!ours) throw UsageError(text(path, ": is not a record of mpmt"));
  std::vector<Observation> observations;
  std::size_t position = 0;
  for (const auto& entry : record["benchmarks"]) {
    try {
      if (entry.at("run_type") == "iteration") observations.push_back(observation_of(entry));
    } catch (const std::exception& wrong) {
      throw UsageError(text(path, ": benchmarks[", position, "]: ", wrong.what()));
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
