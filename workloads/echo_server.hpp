// The server of loopback_echo: a process that answers every request after the delay that the request asks for.
#pragma once

#include <array>
#include <cstdint>

#include "base/child_process.hpp"
#include "base/fd.hpp"

namespace mpmt::workloads {

/// A request, and its reply. In the machine's own byte order: both sides are on it.
struct EchoMessage {
  std::uint64_t delay_us = 0;            ///< how long the server waits before it replies
  std::uint64_t number = 0;              ///< tells a reply from one that is late
  std::array<std::uint64_t, 6> words{};  ///< come back complemented

  bool operator==(const EchoMessage&) const = default;
};
static_assert(sizeof(EchoMessage) == 64);

/// The reply to a request.
EchoMessage echo_of(const EchoMessage& request);

/// Listens on 127.0.0.1, at a port that the kernel chooses, from the constructor to the destructor. A process of one
/// thread: the trial's own process stays without a second thread. Any number of connections; their delays overlap.
class EchoServer {
 public:
  /// Connections are accepted as soon as this returns. Throws std::system_error naming the address.
  EchoServer();

  std::uint16_t port() const { return port_; }

 private:
  explicit EchoServer(const Fd& listener);

  std::uint16_t port_;
  ChildProcess process_;
};

}  // namespace mpmt::workloads
