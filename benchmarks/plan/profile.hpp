// How much is measured when the user does not say; a family knows of which of its cases (Wish::profile).
#pragma once

#include <array>
#include <chrono>
#include <string_view>

namespace mpmt::benchmarks {

struct Profile {
  std::string_view name;
  double budget_s;  ///< of measuring, pilots included
};

inline constexpr std::array<Profile, 3> kProfiles{{{"quick", 55}, {"standard", 590}, {"full", 6.0 * 3600}}};

/// How long a timed block of a group's slowest case is to take. Many short blocks reach an interval in half of the time
/// of few long ones; shorter than this, ramp-up and drain of a block of few tasks are no longer small beside it
/// (docs/methodology.md).
inline constexpr std::chrono::milliseconds kBlock{3};

}  // namespace mpmt::benchmarks
