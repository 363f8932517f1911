#include "workloads/echo_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/checked.hpp"
#include "base/random_bytes.hpp"

namespace mpmt::workloads {

Fd listen_on_loopback() {
  Fd listener{
      checked([] { return ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0); }, "socket", "TCP")};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  checked([&] { return ::bind(listener.get(), generic, sizeof address); }, "bind", "127.0.0.1");
  checked([&] { return ::listen(listener.get(), SOMAXCONN); }, "listen", "127.0.0.1");
  return listener;
}

std::uint16_t port_of(const Fd& listener) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  checked([&] { return ::getsockname(listener.get(), generic, &size); }, "getsockname", "127.0.0.1");
  return ntohs(address.sin_port);
}

EchoServer::EchoServer(const EchoBounds& bounds) : EchoServer(listen_on_loopback(), bounds) {}

// The listening socket is the child's alone once this returns: when the child dies, connecting is refused, and does not
// hang.
EchoServer::EchoServer(const Fd& listener, const EchoBounds& bounds)
    : secret_(random_bytes<sizeof(Secret)>()), port_(port_of(listener)), process_("echo server", [&] {
        EchoService service(listener.get(), secret_, bounds);
        for (;;) service.turn();
      }) {}

}  // namespace mpmt::workloads
