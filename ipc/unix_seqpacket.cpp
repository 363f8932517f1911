// unix_seqpacket: a pair of connected Unix sockets that keep messages apart; a message is sent as a whole or not at
// all.
//
// The kernel wants a block of contiguous memory for each message, of its size less 64 KiB: hence the limit.
#include <sys/socket.h>

#include "ipc/buffer.hpp"
#include "ipc/descriptor_wait.hpp"
#include "ipc/frame.hpp"
#include "ipc/limits.hpp"
#include "ipc/socket_buffers.hpp"

namespace mpmt::ipc {
namespace {

constexpr std::string_view kName = "unix_seqpacket";
/// Linux can be made to carry 4 MiB, on a machine with blocks that large left; of 1 MiB, there are.
constexpr std::size_t kMaxPayload = std::size_t{1} << 20;

class PacketEnd final : public End {
 public:
  PacketEnd(const Fd& socket, const LinkConfig& config, Side side)
      : socket_(socket),
        config_(config),
        side_(side),
        no_lifeline_(Sides::threads, kName),
        built_(config.max_payload_bytes, kName) {}

  bool try_send(const Message& message) override { return write(build(message, Calls::trying)) == Outcome::done; }

  bool send(const Message& message, Deadline deadline) override {
    const auto frame = build(message, Calls::waiting);
    return wait_for_descriptor(socket_.get(), POLLOUT, patience(deadline), [&] { return done(write(frame)); });
  }

  std::optional<Message> try_receive() override {
    check_calls(config_, Calls::trying, kName);
    if (read() != Outcome::done) return std::nullopt;
    return message_in(received_.data());
  }

  std::optional<Message> receive(Deadline deadline) override {
    check_calls(config_, Calls::waiting, kName);
    if (!wait_for_descriptor(socket_.get(), POLLIN, patience(deadline), [&] { return done(read()); })) {
      return std::nullopt;
    }
    return message_in(received_.data());
  }

  std::span<std::byte> lend(std::size_t bytes) override { return {built_.lend(bytes), bytes}; }

 private:
  enum class Outcome { done, not_now, peer_gone };

  static bool done(Outcome outcome) {
    if (outcome == Outcome::peer_gone) throw_peer_gone(kName);
    return outcome == Outcome::done;
  }

  std::span<const std::byte> build(const Message& message, Calls calls) {
    check_calls(config_, calls, kName);
    return built_.build(FrameHeader::of(message), message);
  }

  Outcome write(std::span<const std::byte> frame) {
    if (::send(socket_.get(), frame.data(), frame.size(), MSG_NOSIGNAL) >= 0) return Outcome::done;
    if (is_not_now(errno)) return Outcome::not_now;
    if (is_end_of_peer(errno)) return Outcome::peer_gone;
    throw_system_error(errno, "send", text(kName, ", ", frame.size(), " bytes"));
  }

  Outcome read() {
    grow(received_, max_frame_bytes(config_), kName);  // in the process that reads
    const ssize_t bytes = ::recv(socket_.get(), received_.data(), received_.size(), 0);
    if (bytes > 0) return Outcome::done;
    if (bytes == 0) return Outcome::peer_gone;
    if (is_not_now(errno) || errno == ECONNRESET) return Outcome::not_now;  // told once; then comes what is left
    throw_system_error(errno, "recv", kName);
  }

  Patience patience(Deadline deadline) const { return {config_.wait, deadline, no_lifeline_, side_, false, kName}; }

  const Fd& socket_;
  const LinkConfig config_;
  const Side side_;
  const Lifeline no_lifeline_;  ///< a socket shows the peer's end by itself
  BuiltFrame built_;
  Buffer received_;
};

class PacketLink final : public Link {
 public:
  PacketLink(const LinkConfig& config, Fd of_submitter, Fd of_worker)
      : of_submitter_(std::move(of_submitter)),
        of_worker_(std::move(of_worker)),
        submitter_(of_submitter_, config, Side::submitter),
        worker_(of_worker_, config, Side::worker) {
    for (const Fd* socket : {&of_submitter_, &of_worker_}) {
      require_send_buffer(socket->get(), needed_bytes(config), kName);
      if (!sleeps_in_calls(config)) make_nonblocking(socket->get(), kName);
    }
  }

  End& end(Side side) override { return side == Side::submitter ? submitter_ : worker_; }
  void keep(Side side) override { (side == Side::submitter ? of_worker_ : of_submitter_).reset(); }

 private:
  /// Waiting calls do with room for one message.
  static std::size_t needed_bytes(const LinkConfig& config) {
    return socket_bytes_for(config.calls == Calls::trying ? config.capacity : 1, max_frame_bytes(config));
  }

  Fd of_submitter_;
  Fd of_worker_;
  PacketEnd submitter_;
  PacketEnd worker_;
};

std::unique_ptr<Link> connect(const LinkConfig& config) {
  check(config, kName, kMaxPayload);
  int pair[2];
  checked([&] { return ::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair); }, "socketpair", kName);
  return std::make_unique<PacketLink>(config, Fd(pair[0]), Fd(pair[1]));
}

const Registration registered{{
    .name = kName,
    .summary = "a pair of Unix SEQPACKET sockets; one send() and one recv() a message; copies in and out of the kernel",
    .max_payload_bytes = kMaxPayload,
    .when_a_side_is_killed = "waiting calls say so at once, after what it had sent; try_ calls find it empty or full",
    .connect = connect,
}};

}  // namespace
}  // namespace mpmt::ipc
