// A strong integer mixing function, for inputs that differ and for results that depend on every step.
#pragma once

#include <cstdint>

namespace mpmt::workloads {

/// 2^64 / golden ratio, odd: successive multiples of it are spread evenly.
inline constexpr std::uint64_t kGolden = 0x9e3779b97f4a7c15;

/// The finaliser of SplitMix64 (Steele, Lea, Flood 2014; constants: D. Stafford's mix 13). A bijection of 64-bit
/// integers; every bit of the input changes about half of the bits of the result.
constexpr std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

/// So many rounds, each of which needs the result of the last: two multiplications and three xor-shifts a round.
constexpr std::uint64_t hash_chain(std::uint64_t start, std::uint64_t rounds) {
  std::uint64_t hash = start;
  for (std::uint64_t k = 0; k < rounds; ++k) hash = mix(hash + kGolden);
  return hash;
}

}  // namespace mpmt::workloads
