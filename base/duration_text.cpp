#include "base/duration_text.hpp"

#include <array>
#include <cstdio>

namespace mpmt {

std::string duration_text(double nanoseconds) {
  static constexpr std::array<const char*, 4> kUnits{"ns", "us", "ms", "s"};
  std::size_t unit = 0;
  while (nanoseconds >= 999.5 && unit + 1 < kUnits.size()) {
    nanoseconds /= 1000;
    ++unit;
  }
  std::array<char, 32> digits{};
  std::snprintf(digits.data(), digits.size(),
                nanoseconds >= 100  ? "%.0f"
                : nanoseconds >= 10 ? "%.1f"
                                    : "%.2f",
                nanoseconds);
  return std::string(digits.data()) + " " + kUnits[unit];
}

}  // namespace mpmt
