#include "workloads/echo_client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <thread>

#include "base/checked.hpp"
#include "base/clock.hpp"
#include "base/text.hpp"

namespace mpmt::workloads {
namespace {

std::string server_at(std::uint16_t port) {
  return text("echo server at 127.0.0.1:", port);
}

/// A socket whose calls, connect included (socket(7)), give up at the deadline.
Fd make_socket(Deadline deadline, const std::string& server) {
  Fd socket{checked([] { return ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); }, "socket", "TCP")};
  const auto set = [&](int level, int option, const auto& value) {
    checked([&] { return ::setsockopt(socket.get(), level, option, &value, sizeof value); }, "setsockopt", server);
  };
  const auto left =
      std::max<std::int64_t>(std::chrono::ceil<std::chrono::microseconds>(deadline - Clock::now()).count(), 1);
  const timeval limit{left / 1'000'000, left % 1'000'000};
  set(SOL_SOCKET, SO_RCVTIMEO, limit);
  set(SOL_SOCKET, SO_SNDTIMEO, limit);
  set(IPPROTO_TCP, TCP_NODELAY, 1);
  return socket;
}

/// Whether another connection may have more luck: the queue of those to be accepted was full (a time-out), ports were
/// used up for the moment, or the connection was reset while it was a stranger's.
bool is_of_a_flood(int reason) {
  return reason == EAGAIN || reason == EINPROGRESS || reason == ETIMEDOUT || reason == EADDRNOTAVAIL ||
         reason == ECONNRESET || reason == EPIPE;
}

/// 0 when it was let in, else why not.
int try_to_enter(const Fd& socket, std::uint16_t port, const Secret& secret) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const auto retried = [](auto&& call) {
    for (;;) {
      const auto result = call();
      if (result >= 0 || errno != EINTR) return static_cast<ssize_t>(result);
    }
  };
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  if (retried([&] { return ::connect(socket.get(), generic, sizeof address); }) < 0) return errno;
  if (retried([&] { return ::send(socket.get(), secret.data(), secret.size(), MSG_NOSIGNAL); }) < 0) return errno;
  std::byte answer{};
  const auto count = retried([&] { return ::recv(socket.get(), &answer, sizeof answer, 0); });
  if (count < 0) return errno;
  return count == 1 && answer == kWelcome ? 0 : ECONNRESET;
}

}  // namespace

Fd enter(std::uint16_t port, const Secret& secret) {
  const std::string server = server_at(port);
  const Deadline deadline = Clock::now() + kEntrancePatience;
  for (std::chrono::milliseconds pause{1};; pause = std::min(2 * pause, std::chrono::milliseconds(50))) {
    Fd socket = make_socket(deadline, server);
    const int reason = try_to_enter(socket, port, secret);
    if (reason == 0) return socket;
    if (!is_of_a_flood(reason)) throw_system_error(reason, "connect", server);
    if (Clock::now() + pause >= deadline) {
      throw_system_error(reason, "connect",
                         text(server, " has not let this worker in for ", kEntrancePatience.count(), " s"));
    }
    socket.reset();
    std::this_thread::sleep_for(pause);
  }
}

}  // namespace mpmt::workloads
