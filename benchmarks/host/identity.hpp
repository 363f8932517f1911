// What program this is: its build, its source, its libraries.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace mpmt::benchmarks {

/// Read from `mpmt.build.json` beside the program (or in ../share/mpmt when installed), which every build writes, so
/// that the program itself does not change with the commit.
struct BuildIdentity {
  /// {"id", "parents", "date", "dirty"}; null when the source was not in a git checkout.
  nlohmann::json commit() const;
  /// {"binary_sha256", "compiler", "flags", "build_type"}; values are null when unknown.
  nlohmann::json build() const;
  /// The first 12 digits of the commit, or "nogit".
  std::string short_commit() const;
  std::vector<std::string> warnings() const;

  std::string text;     ///< the file's contents; empty when there is none
  std::string problem;  ///< why it is not to be trusted; empty when it is
};

BuildIdentity build_identity();

/// {"google_benchmark": "1.7.1", ...}
nlohmann::json library_versions();

}  // namespace mpmt::benchmarks
