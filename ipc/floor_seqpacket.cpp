// floor_seqpacket: a send() and a recv() of a pair of SOCK_SEQPACKET sockets a message.
#include <sys/socket.h>

#include "ipc/floor_ports.hpp"

namespace mpmt::ipc {
namespace {

constexpr std::string_view kName = "floor_seqpacket";
constexpr std::size_t kMaxPayload = std::size_t{128} << 10;  // what every machine's send buffers take

struct SendReceive {
  static ssize_t put(int port, const void* bytes, std::size_t count) {
    return ::send(port, bytes, count, MSG_NOSIGNAL);
  }
  static ssize_t take(int port, void* bytes, std::size_t count) { return ::recv(port, bytes, count, 0); }
};

class SocketLink final : public WaitingLink {
 public:
  explicit SocketLink(const LinkConfig& config)
      : submitter_({pair_.first.get(), pair_.first.get()}, config, kName),
        worker_({pair_.second.get(), pair_.second.get()}, config, kName) {}

  WaitingEnd& end(Side side) override { return side == Side::submitter ? submitter_ : worker_; }
  void keep(Side side) override { (side == Side::submitter ? pair_.second : pair_.first).reset(); }

 private:
  struct Pair {
    Pair() {
      int ends[2];
      checked([&] { return ::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends); }, "socketpair", kName);
      first = Fd(ends[0]);
      second = Fd(ends[1]);
    }
    Fd first;
    Fd second;
  };

  Pair pair_;
  PortEnd<SendReceive> submitter_;
  PortEnd<SendReceive> worker_;
};

std::unique_ptr<WaitingLink> connect(const LinkConfig& config) {
  check(config, kName, kMaxPayload);
  return std::make_unique<SocketLink>(config);
}

const FloorRegistration registered{{
    .name = kName,
    .summary = "one blocking send and one blocking recv of a SOCK_SEQPACKET socket pair a message",
    .max_payload_bytes = kMaxPayload,
    .connect = connect,
}};

}  // namespace
}  // namespace mpmt::ipc
