#include "ipc/socket_buffers.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <limits>

#include "base/checked.hpp"
#include "base/proc_files.hpp"
#include "base/text.hpp"

namespace mpmt::ipc {
namespace {

constexpr std::size_t kMostSuggested = std::size_t{1} << 20;

/// The kernel doubles what it is told, for its own needs, and takes no more than 2 GiB. `forced`: beyond the machine's
/// limit, which root may.
void set(int socket, int forced, int allowed, std::size_t bytes) {
  constexpr std::size_t most = std::numeric_limits<int>::max() / 2;
  const int value = static_cast<int>(std::min((bytes + 1) / 2, most));
  if (::setsockopt(socket, SOL_SOCKET, forced, &value, sizeof(value)) == 0) return;
  ::setsockopt(socket, SOL_SOCKET, allowed, &value, sizeof(value));
}

}  // namespace

std::size_t send_buffer_bytes(int socket, std::string_view channel) {
  int bytes = 0;
  socklen_t size = sizeof(bytes);
  checked([&] { return ::getsockopt(socket, SOL_SOCKET, SO_SNDBUF, &bytes, &size); }, "getsockopt SO_SNDBUF", channel);
  return static_cast<std::size_t>(bytes);
}

void set_send_buffer(int socket, std::size_t bytes) {
  set(socket, SO_SNDBUFFORCE, SO_SNDBUF, bytes);
}
void set_receive_buffer(int socket, std::size_t bytes) {
  set(socket, SO_RCVBUFFORCE, SO_RCVBUF, bytes);
}

void require_send_buffer(int socket, std::size_t bytes, std::string_view channel) {
  if (send_buffer_bytes(socket, channel) >= bytes) return;
  set_send_buffer(socket, bytes);
  if (const auto granted = send_buffer_bytes(socket, channel); granted < bytes) {
    throw LimitReached(text(channel, ": a send buffer of ", bytes, " bytes is needed, the kernel grants ", granted,
                            "; net.core.wmem_max is ", line_of("/proc/sys/net/core/wmem_max"), ", doubled"));
  }
}

void suggest_send_buffer(int socket, std::size_t bytes, std::string_view channel) {
  const auto before = send_buffer_bytes(socket, channel);
  const auto wanted = std::min(bytes, kMostSuggested);
  if (wanted <= before) return;
  set_send_buffer(socket, wanted);
  if (send_buffer_bytes(socket, channel) < before) set_send_buffer(socket, before);
}

}  // namespace mpmt::ipc
