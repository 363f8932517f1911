// Records that have been written before.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "benchmarks/judge/judge.hpp"
#include "benchmarks/judge/verdict.hpp"

namespace mpmt::benchmarks {

/// What a record says of its contenders' rounds, and by which rules it was judged.
struct StoredRounds {
  std::vector<Observation> observations;
  Rules rules;
};

/// Throws UsageError naming the file, and the place in it, for what is no record.
StoredRounds read_record(const std::string& path);

/// The latest record of this machine below the current folder, where runs put theirs (default_record()); by the time
/// that its name tells. None: there is none, or no folder.
std::optional<std::filesystem::path> latest_record(const std::string& machine_key);

}  // namespace mpmt::benchmarks
