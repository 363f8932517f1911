// The messages that the suites over channels send.
#pragma once

#include <algorithm>
#include <cstring>
#include <random>
#include <stdexcept>
#include <vector>

#include "base/text.hpp"
#include "ipc/channel.hpp"

namespace mpmt::tests {

/// Messages that both sides know, of all sizes: number i is a head of i mod 65 bytes and a payload of a size drawn from
/// i. Their bytes stay where they are, as a by-reference channel wants it.
class Script {
 public:
  static constexpr std::size_t kMaxPayload = 5000;

  /// With payloads up to `largest` bytes.
  explicit Script(std::size_t largest = kMaxPayload)
      : largest_(largest), bytes_(std::max(largest, ipc::kMaxHeadBytes) + kOffsets + sizeof(std::uint64_t)) {
    std::mt19937_64 random(7);
    for (std::size_t at = 0; at + sizeof(std::uint64_t) <= bytes_.size(); at += sizeof(std::uint64_t)) {
      const std::uint64_t word = random();
      std::memcpy(bytes_.data() + at, &word, sizeof word);
    }
  }

  ipc::Message message(std::size_t number) const { return message(number, payload_bytes(number)); }
  /// With a payload of a size of one's own.
  ipc::Message message(std::size_t number, std::size_t payload_bytes) const {
    return {at(number * 31, number % (ipc::kMaxHeadBytes + 1)), at(number, payload_bytes)};
  }
  bool is(std::size_t number, const ipc::Message& received) const { return same(message(number), received); }
  static bool same(const ipc::Message& wanted, const ipc::Message& received) {
    return same(wanted.head, received.head) && same(wanted.payload, received.payload);
  }
  /// Throws when it is another.
  void expect(std::size_t number, const ipc::Message& received) const {
    if (is(number, received)) return;
    throw std::logic_error(text("message ", number, " did not arrive whole, once and in its place: head of ",
                                received.head.size(), " bytes, payload of ", received.payload.size()));
  }

 private:
  static constexpr std::size_t kOffsets = 1021;

  std::size_t payload_bytes(std::size_t number) const {
    const std::size_t sizes[]{0, 1, 7, 8, 64, 100, 512, 4095, 4096, largest_ / 3, largest_};
    return std::min(largest_, sizes[std::minstd_rand(static_cast<unsigned>(number) + 1)() % std::size(sizes)]);
  }
  std::span<const std::byte> at(std::size_t offset, std::size_t count) const {
    return std::span(bytes_).subspan(offset % kOffsets, count);
  }
  /// memcmp: tests are not optimised.
  static bool same(std::span<const std::byte> a, std::span<const std::byte> b) {
    return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size()) == 0);
  }

  std::size_t largest_;
  std::vector<std::byte> bytes_;
};

}  // namespace mpmt::tests
