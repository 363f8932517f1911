// A connection to the server of loopback_echo that does as it likes.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdint>

#include "base/fd.hpp"
#include "workloads/echo_protocol.hpp"

namespace mpmt::tests {

inline constexpr std::uint64_t kHour = 3'600'000'000;

/// Its calls do not block.
class Stranger {
 public:
  explicit Stranger(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const int on = 1;
    const int little = 4096;
    ::setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVBUF, &little, sizeof little);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const auto* generic = reinterpret_cast<const sockaddr*>(&address);
    [[maybe_unused]] const int tried = ::connect(socket_.get(), generic, sizeof address);
  }

  template <class Value>
  bool send(const Value& value, std::size_t bytes = sizeof(Value)) {
    return ::send(socket_.get(), &value, bytes, MSG_NOSIGNAL | MSG_DONTWAIT) == static_cast<ssize_t>(bytes);
  }
  template <class Value>
  bool receive(Value& value) {
    return ::recv(socket_.get(), &value, sizeof value, MSG_DONTWAIT) == sizeof value;
  }
  /// Whether the server has ended the connection.
  bool is_closed() {
    char byte = 0;
    const auto count = ::recv(socket_.get(), &byte, 1, MSG_DONTWAIT | MSG_PEEK);
    return count == 0 || (count < 0 && errno != EAGAIN);
  }
  void close() { socket_.reset(); }

 private:
  Fd socket_;
};

inline workloads::EchoMessage request_with(std::uint64_t delay_us, std::uint64_t number = 1) {
  workloads::EchoMessage request;
  request.delay_us = delay_us;
  request.number = number;
  return request;
}

}  // namespace mpmt::tests
