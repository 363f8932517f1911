// floor_pipe: a write() and a read() of a pipe a message, as large as the pipe may be.
#include <fcntl.h>
#include <unistd.h>

#include "ipc/broken_pipes.hpp"
#include "ipc/floor_ports.hpp"

namespace mpmt::ipc {
namespace {

constexpr std::string_view kName = "floor_pipe";
constexpr std::size_t kMaxPayload = std::size_t{16} << 20;

struct ReadWrite {
  static ssize_t put(int port, const void* bytes, std::size_t count) { return ::write(port, bytes, count); }
  static ssize_t take(int port, void* bytes, std::size_t count) { return ::read(port, bytes, count); }
};

struct Pipe {
  Pipe() {
    int ends[2];
    checked([&] { return ::pipe2(ends, O_CLOEXEC); }, "pipe2", kName);
    out = Fd(ends[0]);
    in = Fd(ends[1]);
  }
  Fd in;
  Fd out;
};

class PipeLink final : public WaitingLink {
 public:
  explicit PipeLink(const LinkConfig& config)
      : submitter_({to_submitter_.out.get(), to_worker_.in.get()}, config, kName),
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
