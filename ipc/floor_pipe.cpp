// floor_pipe: a write() and a read() of a pipe a message; the pipe holds a whole one, up to 1 MiB.
#include <fcntl.h>
#include <unistd.h>

#include "ipc/broken_pipes.hpp"
#include "ipc/floor_ports.hpp"

namespace mpmt::ipc {
namespace {

constexpr std::string_view kName = "floor_pipe";
constexpr std::size_t kMaxPayload = std::size_t{16} << 20;
constexpr std::size_t kDefault = std::size_t{64} << 10;
constexpr std::size_t kMostSuggested = std::size_t{1} << 20;  // what the kernel lets every user have, as a rule

struct ReadWrite {
  static ssize_t put(int port, const void* bytes, std::size_t count) { return ::write(port, bytes, count); }
  static ssize_t take(int port, void* bytes, std::size_t count) { return ::read(port, bytes, count); }
};

struct Pipe {
  explicit Pipe(std::size_t message_bytes) {
    int ends[2];
    checked([&] { return ::pipe2(ends, O_CLOEXEC); }, "pipe2", kName);
    out = Fd(ends[0]);
    in = Fd(ends[1]);
    const auto wanted = std::min(message_bytes, kMostSuggested);
    if (wanted > kDefault) ::fcntl(ends[1], F_SETPIPE_SZ, static_cast<int>(wanted));  // does with less as well
  }
  Fd in;
  Fd out;
};

class PipeLink final : public WaitingLink {
 public:
  explicit PipeLink(const LinkConfig& config)
      : to_worker_(config.max_payload_bytes),
        to_submitter_(config.max_payload_bytes),
        submitter_({to_submitter_.out.get(), to_worker_.in.get()}, config, kName),
        worker_({to_worker_.out.get(), to_submitter_.in.get()}, config, kName) {}

  WaitingEnd& end(Side side) override { return side == Side::submitter ? submitter_ : worker_; }
  void keep(Side side) override {
    ignore_broken_pipes();
    Pipe& outgoing = side == Side::submitter ? to_worker_ : to_submitter_;
    Pipe& incoming = side == Side::submitter ? to_submitter_ : to_worker_;
    outgoing.out.reset();
    incoming.in.reset();
  }

 private:
  Pipe to_worker_;
  Pipe to_submitter_;
  PortEnd<ReadWrite> submitter_;
  PortEnd<ReadWrite> worker_;
};

std::unique_ptr<WaitingLink> connect(const LinkConfig& config) {
  check(config, kName, kMaxPayload);
  ignore_broken_pipes();
  return std::make_unique<PipeLink>(config);
}

const FloorRegistration registered{{
    .name = kName,
    .summary = "one blocking write and one blocking read of a pipe a message, without a frame",
    .max_payload_bytes = kMaxPayload,
    .connect = connect,
}};

}  // namespace
}  // namespace mpmt::ipc
