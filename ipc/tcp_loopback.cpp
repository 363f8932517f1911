// tcp_loopback: a TCP connection of this machine with itself, without Nagle's delay.
//
// Two sides that each send a message larger than their buffers hold, and receive only then, wait for each other.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "base/checked.hpp"
#include "ipc/limits.hpp"
#include "ipc/socket_buffers.hpp"
#include "ipc/stream_end.hpp"

namespace mpmt::ipc {
namespace {

constexpr std::string_view kName = "tcp_loopback";
constexpr std::size_t kMaxPayload = std::size_t{16} << 20;

Fd new_socket() {
  return Fd(checked([] { return ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); }, "socket", kName));
}

using GetName = int (*)(int, sockaddr*, socklen_t*);

sockaddr_in name_of(const Fd& socket, GetName get_name, std::string_view call) {
  sockaddr_in address{};
  socklen_t size = sizeof(address);
  checked([&] { return get_name(socket.get(), reinterpret_cast<sockaddr*>(&address), &size); }, call, kName);
  return address;
}

bool same(const sockaddr_in& one, const sockaddr_in& another) {
  return one.sin_port == another.sin_port && one.sin_addr.s_addr == another.sin_addr.s_addr;
}

/// Before the connection is made, since the receive buffer decides what the two agree upon.
void size_buffers(const Fd& socket, const LinkConfig& config) {
  if (config.calls == Calls::waiting) return;  // the kernel adapts them
  const auto bytes = socket_bytes_for(config.capacity, max_frame_bytes(config));
  require_send_buffer(socket.get(), bytes, kName);
  set_receive_buffer(socket.get(), 2 * bytes);
}

Fd listener_on_loopback(const LinkConfig& config) {
  Fd listener = new_socket();
  size_buffers(listener, config);  // accepted sockets inherit them
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  checked([&] { return ::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)); }, "bind",
          "tcp_loopback, 127.0.0.1");
  checked([&] { return ::listen(listener.get(), 8); }, "listen", kName);
  return listener;
}

/// Another process may find the listener and connect as well: only our own socket is taken.
Fd accept_from(const Fd& listener, const Fd& connecting) {
  const auto wanted = name_of(connecting, ::getsockname, "getsockname");
  for (;;) {
    Fd accepted(checked([&] { return ::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC); }, "accept4", kName));
    sockaddr_in peer{};
    socklen_t size = sizeof(peer);
    const int named = ::getpeername(accepted.get(), reinterpret_cast<sockaddr*>(&peer), &size);
    if (named == 0 && same(peer, wanted)) return accepted;
  }
}

std::pair<Fd, Fd> connected_pair(const LinkConfig& config) {
  const Fd listener = listener_on_loopback(config);
  const auto address = name_of(listener, ::getsockname, "getsockname");
  Fd connecting = new_socket();
  size_buffers(connecting, config);
  checked([&] { return ::connect(connecting.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)); },
          "connect", "tcp_loopback, 127.0.0.1");
  Fd accepted = accept_from(listener, connecting);
  for (const Fd* socket : {&connecting, &accepted}) {
    const int on = 1;
    checked([&] { return ::setsockopt(socket->get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)); },
            "setsockopt TCP_NODELAY", kName);
  }
  return {std::move(connecting), std::move(accepted)};
}

std::unique_ptr<Link> connect(const LinkConfig& config) {
  check(config, kName, kMaxPayload);
  auto [submitter, worker] = connected_pair(config);
  return std::make_unique<StreamLink>(config, kName, StreamDescriptors{std::move(submitter), Fd()},
                                      StreamDescriptors{std::move(worker), Fd()});
}

const Registration registered{{
    .name = kName,
    .summary = "a TCP connection over 127.0.0.1 with TCP_NODELAY; one send() and one read() a message",
    .max_payload_bytes = kMaxPayload,
    .delivers_after_a_kill = false,
    .when_a_side_is_killed =
        "waiting calls say so at once; what it had sent into a full connection may be lost with it",
    .connect = connect,
}};

}  // namespace
}  // namespace mpmt::ipc
