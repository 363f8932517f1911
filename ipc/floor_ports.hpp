// Floors in the kernel: a message is what one side writes to a descriptor and the other reads from it, without a frame.
#pragma once

#include <sys/types.h>

#include <cerrno>

#include "base/checked.hpp"
#include "base/fd.hpp"
#include "ipc/buffer.hpp"
#include "ipc/limits.hpp"
#include "ipc/waiting.hpp"

namespace mpmt::ipc {

/// What a side reads from and writes to; may be one descriptor.
struct Ports {
  int in = -1;
  int out = -1;
};

/// `Calls`: static ssize_t put(int, const void*, size_t) and take(int, void*, size_t), which block.
template <class Calls>
class PortEnd final : public WaitingEnd {
 public:
  PortEnd(Ports ports, const LinkConfig& config, std::string_view floor)
      : ports_(ports), floor_(floor), built_(config.max_payload_bytes), received_(config.max_payload_bytes) {}

  bool send(const Message& message, Deadline deadline) override {
    return all(message.payload.size(), deadline, [&](std::size_t from) {
      return Calls::put(ports_.out, message.payload.data() + from, message.payload.size() - from);
    });
  }
  std::optional<Message> receive(Deadline deadline) override {
    const bool whole = all(received_.size(), deadline, [&](std::size_t from) {
      return Calls::take(ports_.in, received_.data() + from, received_.size() - from);
    });
    return whole ? std::optional(Message{{}, received_}) : std::nullopt;
  }
  std::span<std::byte> lend(std::size_t bytes) override { return {built_.data(), bytes}; }

 private:
  template <class Call>
  bool all(std::size_t bytes, Deadline deadline, Call&& call) {
    tick_in_blocking_calls();
    for (std::size_t done = 0; done < bytes;) {
      const ssize_t moved = call(done);
      if (moved > 0) {
        done += static_cast<std::size_t>(moved);
        continue;
      }
      if (moved == 0 || errno == EPIPE || errno == ECONNRESET) throw_peer_gone(floor_);
      if (errno != EINTR) throw_system_error(errno, "transfer", text(floor_, ", ", bytes, " bytes"));
      if (Clock::now() < deadline) continue;
      if (done > 0) throw std::runtime_error(text(floor_, ": the deadline passed in the midst of a message"));
      return false;
    }
    return true;
  }

  const Ports ports_;
  const std::string_view floor_;
  Buffer built_;
  Buffer received_;
};

}  // namespace mpmt::ipc
