// Bytes that nobody can foresee: for names and secrets, not for statistics.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>

namespace mpmt {

/// From the kernel (getrandom(2)), which has enough of them from early boot on. Throws std::system_error where it
/// refuses.
void fill_with_random(std::span<std::byte> bytes);

template <std::size_t Count>
std::array<std::byte, Count> random_bytes() {
  std::array<std::byte, Count> bytes;
  fill_with_random(bytes);
  return bytes;
}

/// 128 random bits, as 32 hexadecimal digits.
std::string random_digits();

}  // namespace mpmt
