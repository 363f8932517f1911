// How much a socket's kernel buffer holds.
#pragma once

#include <cstddef>
#include <string_view>

#include "ipc/channel.hpp"

namespace mpmt::ipc {

/// What the kernel accounts for `messages` of `bytes` each in a socket's buffer, at most: their bytes in blocks of
/// powers of two, and its descriptions of them.
constexpr std::size_t socket_bytes_for(std::size_t messages, std::size_t bytes) {
  return messages * (2 * bytes + 2048);
}

/// As the kernel accounts. Throws std::system_error.
std::size_t send_buffer_bytes(int socket, std::string_view channel);

/// As far as this process may; no less than it may.
void set_send_buffer(int socket, std::size_t bytes);
void set_receive_buffer(int socket, std::size_t bytes);

/// Makes the send buffer at least that large. Throws LimitReached naming net.core.wmem_max when that is not allowed.
void require_send_buffer(int socket, std::size_t bytes, std::string_view channel);

/// For waiting calls, which also do with less: makes the send buffer that large as far as it may, up to 1 MiB, and
/// never smaller than it is.
void suggest_send_buffer(int socket, std::size_t bytes, std::string_view channel);

}  // namespace mpmt::ipc
