#include "benchmarks/run_lock.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include "base/checked.hpp"

namespace mpmt::benchmarks {
namespace {

constexpr std::string_view kName = "mpmt-measuring";

struct Address {
  sockaddr_un address{};
  socklen_t length = 0;
};

/// Abstract: the path begins with a NUL byte and ends where the length says.
Address address() {
  Address made;
  made.address.sun_family = AF_UNIX;
  std::memcpy(made.address.sun_path + 1, kName.data(), kName.size());
  made.length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + kName.size());
  return made;
}

Fd make_socket() {
  return Fd(checked([] { return ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0); }, "socket", kName));
}

/// Connected to the owner; it never accepts, but the connection ends with its socket.
Fd connect_to_owner() {
  Fd socket = make_socket();
  const auto name = address();
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&name.address), name.length) != 0) return {};
  return socket;
}

}  // namespace

bool RunLock::try_take() {
  Fd socket = make_socket();
  const auto name = address();
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&name.address), name.length) != 0) {
    if (errno == EADDRINUSE) return false;
    throw_system_error(errno, "bind", kName);
  }
  checked([&] { return ::listen(socket.get(), SOMAXCONN); }, "listen", kName);
  socket_ = std::move(socket);
  return true;
}

void RunLock::wait_for_owner(Interrupt& interrupt) const {
  const Fd connection = connect_to_owner();
  if (!connection) return;
  std::array<pollfd, 2> wanted{pollfd{connection.get(), POLLIN, 0}, pollfd{interrupt.fd(), POLLIN, 0}};
  while (::poll(wanted.data(), wanted.size(), -1) < 0 && errno == EINTR) {
  }
}

pid_t RunLock::owner() const {
  const Fd connection = connect_to_owner();
  if (!connection) return 0;
  ucred peer{};
  socklen_t length = sizeof peer;
  if (::getsockopt(connection.get(), SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) return 0;
  return peer.pid;
}

}  // namespace mpmt::benchmarks
