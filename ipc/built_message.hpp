// Messages in one piece, for channels that take one buffer.
#pragma once

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "ipc/buffer.hpp"
#include "ipc/channel.hpp"
#include "ipc/limits.hpp"

namespace mpmt::ipc {

/// A buffer that a header, a head and a payload are put into without a gap: the payload's place is fixed, so that one
/// that was built there need not be copied. Made with the first use, in the process that sends.
template <class Header>
class BuiltMessage {
  static_assert(std::is_trivially_copyable_v<Header>);

 public:
  /// `max_payload_bytes` is that of the link; `channel` is for messages.
  BuiltMessage(std::size_t max_payload_bytes, std::string_view channel)
      : max_payload_bytes_(max_payload_bytes), channel_(channel) {}

  /// Stays as it is, whatever else is sent, until more bytes are lent.
  std::byte* lend(std::size_t bytes) { return place_in(lent_, bytes); }

  /// Valid until the next call. Throws std::length_error for a message that does not fit the link.
  std::span<const std::byte> build(const Header& header, const Message& message) {
    check(message, channel_, max_payload_bytes_);
    const auto bytes = message.payload.size();
    const bool in_place = bytes > 0 && !lent_.empty() && message.payload.data() == lent_.data() + kPayloadOffset;
    std::byte* const payload = in_place ? lent_.data() + kPayloadOffset : place_in(copied_, bytes);
    if (!in_place) std::copy(message.payload.begin(), message.payload.end(), payload);
    std::byte* const head = payload - message.head.size();
    std::copy(message.head.begin(), message.head.end(), head);
    std::memcpy(head - sizeof header, &header, sizeof header);
    return {head - sizeof header, payload + bytes};
  }

 private:
  /// Whole cache lines, and a payload is aligned as what is allocated is.
  static constexpr std::size_t kPayloadOffset = 128;
  static_assert(sizeof(Header) + kMaxHeadBytes <= kPayloadOffset);

  std::byte* place_in(Buffer& buffer, std::size_t bytes) {
    grow(buffer, kPayloadOffset + bytes, channel_);
    return buffer.data() + kPayloadOffset;
  }

  const std::size_t max_payload_bytes_;
  const std::string_view channel_;
  Buffer lent_;
  Buffer copied_;  ///< what was built elsewhere
};

}  // namespace mpmt::ipc
