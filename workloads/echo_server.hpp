// The server of loopback_echo: a process that answers every request after the delay that the request asks for.
#pragma once

#include <cstdint>

#include "base/child_process.hpp"
#include "base/fd.hpp"
#include "workloads/echo_protocol.hpp"
#include "workloads/echo_service.hpp"

namespace mpmt::workloads {

/// Listens on 127.0.0.1, at a port that the kernel chooses, from the constructor to the destructor. A process of one
/// thread: the trial's own process stays without a second thread. It serves those that show its secret, as
/// EchoService does.
class EchoServer {
 public:
  /// Connections are accepted as soon as this returns. Throws std::system_error naming the address.
  explicit EchoServer(const EchoBounds& bounds = {});

  std::uint16_t port() const { return port_; }
  const Secret& secret() const { return secret_; }
  pid_t pid() const { return process_.pid(); }

 private:
  EchoServer(const Fd& listener, const EchoBounds& bounds);

  Secret secret_;
  std::uint16_t port_;
  ChildProcess process_;
};

/// A socket that listens on 127.0.0.1, at a port that the kernel chooses; it does not block.
Fd listen_on_loopback();
std::uint16_t port_of(const Fd& listener);

}  // namespace mpmt::workloads
