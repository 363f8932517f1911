// How a message lies in what the kernel carries: two lengths, the head, the payload.
#pragma once

#include <sys/uio.h>

#include <array>
#include <cstring>

#include "ipc/channel.hpp"

namespace mpmt::ipc {

struct FrameHeader {
  std::uint32_t head_bytes = 0;
  std::uint32_t payload_bytes = 0;

  std::size_t frame_bytes() const { return sizeof(FrameHeader) + head_bytes + payload_bytes; }

  static FrameHeader at(const std::byte* frame) {
    FrameHeader header;
    std::memcpy(&header, frame, sizeof(header));
    return header;
  }
};

inline std::size_t max_frame_bytes(const LinkConfig& config) {
  return sizeof(FrameHeader) + kMaxHeadBytes + config.max_payload_bytes;
}

/// The message in a whole frame.
inline Message message_in(const std::byte* frame) {
  const auto header = FrameHeader::at(frame);
  const std::byte* const head = frame + sizeof(FrameHeader);
  return {{head, header.head_bytes}, {head + header.head_bytes, header.payload_bytes}};
}

/// A frame to be gathered by writev() or sendmsg(), as far as it has not been sent.
class Frame {
 public:
  explicit Frame(const Message& message)
      : header_{static_cast<std::uint32_t>(message.head.size()), static_cast<std::uint32_t>(message.payload.size())},
        parts_{part(std::as_bytes(std::span(&header_, 1))), part(message.head), part(message.payload)},
        left_(header_.frame_bytes()) {}
  Frame(const Frame&) = delete;  // refers to itself
  Frame& operator=(const Frame&) = delete;

  iovec* parts() { return parts_.data() + first_; }
  std::size_t count() const { return parts_.size() - first_; }
  std::size_t left() const { return left_; }
  bool is_begun() const { return left_ < header_.frame_bytes(); }

  void sent(std::size_t bytes) {
    left_ -= bytes;
    for (; first_ < parts_.size() && bytes >= parts_[first_].iov_len; ++first_) bytes -= parts_[first_].iov_len;
    if (bytes == 0) return;
    parts_[first_].iov_base = static_cast<std::byte*>(parts_[first_].iov_base) + bytes;
    parts_[first_].iov_len -= bytes;
  }

 private:
  static iovec part(std::span<const std::byte> bytes) {
    return {const_cast<std::byte*>(bytes.data()), bytes.size()};  // iovec serves reading as well
  }

  const FrameHeader header_;
  std::array<iovec, 3> parts_;
  std::size_t first_ = 0;
  std::size_t left_;
};

}  // namespace mpmt::ipc
