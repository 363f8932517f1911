// What travels between loopback_echo and its server: the client shows the secret, the server says welcome, and from
// then on each request has its reply, one at a time. In the machine's own byte order: both sides are on it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace mpmt::workloads {

/// What the server's clients know and nobody else: anyone on this machine can connect to a port. It is in the memory of
/// the process that drew it, and of those that were forked from it.
using Secret = std::array<std::byte, 32>;

/// Takes the same time wherever the two differ.
bool is_same(const Secret& a, const Secret& b);

/// What the server sends to whom has shown the secret.
inline constexpr std::byte kWelcome{0x2a};

/// A request, and its reply.
struct EchoMessage {
  std::uint64_t delay_us = 0;            ///< how long the server waits before it replies
  std::uint64_t number = 0;              ///< tells a reply from one that is late
  std::array<std::uint64_t, 6> words{};  ///< come back complemented

  bool operator==(const EchoMessage&) const = default;
};
static_assert(sizeof(EchoMessage) == 64);

/// The reply to a request.
EchoMessage echo_of(const EchoMessage& request);

}  // namespace mpmt::workloads
