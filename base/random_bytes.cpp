#include "base/random_bytes.hpp"

#include <sys/random.h>

#include "base/checked.hpp"

namespace mpmt {

void fill_with_random(std::span<std::byte> bytes) {
  while (!bytes.empty()) {
    const auto count = checked([&] { return ::getrandom(bytes.data(), bytes.size(), 0); }, "getrandom");
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
}

std::string random_digits() {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const std::byte byte : random_bytes<16>()) {
    text += digits[std::to_integer<std::size_t>(byte >> 4)];
    text += digits[std::to_integer<std::size_t>(byte & std::byte{15})];
  }
  return text;
}

}  // namespace mpmt
