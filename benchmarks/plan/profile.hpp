// How much is measured when the user does not say.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "benchmarks/case/case.hpp"

namespace mpmt::benchmarks {

/// The axes of one workload in a profile; every combination is measured.
struct ProfileRow {
  std::string_view workload;
  std::vector<std::uint64_t> grains;
  std::vector<std::uint64_t> batches;
  std::vector<std::size_t> payloads;
  std::vector<std::size_t> windows;
  std::vector<int> workers;
  std::vector<executors::Placement> placements;
  std::vector<executors::Wait> waits;
};

/// The axes of the family `channel`; every combination is measured that a channel is fit for.
struct ExchangeProfile {
  std::vector<std::string_view> channels;
  std::vector<std::string_view> floors;
  std::vector<pairs::Pattern> patterns;
  std::vector<std::size_t> message_bytes;
  std::vector<executors::Placement> placements;
  std::vector<executors::Wait> waits;
  std::vector<double> rates;
  std::chrono::milliseconds block{3};
};

struct Profile {
  std::vector<std::string_view> executors;
  std::vector<std::string_view> channels;
  std::vector<ProfileRow> rows;
  double budget_s;                  ///< of measuring
  std::chrono::milliseconds block;  ///< how long a timed block of a group's slowest case is to take
  ExchangeProfile exchanges;
};

/// `name` is quick, standard or full; `usable_cpus` bounds the worker counts.
Profile profile_of(std::string_view name, int usable_cpus);

/// The axes of `workload`, which is in the catalogue; plain ones when the profile does not list it.
ProfileRow row_of(const Profile& profile, std::string_view workload);

}  // namespace mpmt::benchmarks
