// unix_stream: a pair of connected Unix stream sockets.
//
// Two sides that each send a message larger than their buffers hold, and receive only then, wait for each other.
#include <sys/socket.h>

#include "base/checked.hpp"
#include "ipc/limits.hpp"
#include "ipc/socket_buffers.hpp"
#include "ipc/stream_end.hpp"

namespace mpmt::ipc {
namespace {

constexpr std::string_view kName = "unix_stream";
constexpr std::size_t kMaxPayload = std::size_t{16} << 20;

std::unique_ptr<Link> connect(const LinkConfig& config) {
  check(config, kName, kMaxPayload);
  int pair[2];
  checked([&] { return ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair); }, "socketpair", kName);
  StreamDescriptors submitter{Fd(pair[0]), Fd()};
  StreamDescriptors worker{Fd(pair[1]), Fd()};
  // What is on its way is accounted to its sender alone.
  const auto bytes = socket_bytes_for(config.capacity, max_frame_bytes(config));
  for (const int socket : pair) {
    config.calls == Calls::trying ? require_send_buffer(socket, bytes, kName)
                                  : suggest_send_buffer(socket, bytes, kName);
  }
  return std::make_unique<StreamLink>(config, kName, std::move(submitter), std::move(worker));
}

const Registration registered{{
    .name = kName,
    .summary = "a pair of Unix stream sockets; one send() and one read() a message; copies in and out of the kernel",
    .max_payload_bytes = kMaxPayload,
    .when_a_side_is_killed = "waiting calls say so at once, after what it had sent; try_ calls find it empty or full",
    .connect = connect,
}};

}  // namespace
}  // namespace mpmt::ipc
