// How far apart to keep what different CPUs write.
#pragma once

#include <cstddef>

namespace mpmt {

inline constexpr std::size_t kCacheLine = 64;
/// Two lines: the adjacent-line prefetcher of x86 couples pairs.
inline constexpr std::size_t kPadding = 2 * kCacheLine;

}  // namespace mpmt
