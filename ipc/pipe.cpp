// pipe: a pipe each way.
//
// Two sides that each send a message larger than a pipe holds, and receive only then, wait for each other.
#include <fcntl.h>

#include "base/proc_files.hpp"
#include "ipc/broken_pipes.hpp"
#include "ipc/descriptor_wait.hpp"
#include "ipc/limits.hpp"
#include "ipc/stream_end.hpp"

namespace mpmt::ipc {
namespace {

constexpr std::string_view kName = "pipe";
constexpr std::size_t kMaxPayload = std::size_t{16} << 20;
constexpr std::size_t kPageBytes = 4096;
constexpr std::size_t kMostSuggested = std::size_t{1} << 20;

/// A message takes whole pages, unless it begins on the page of the one before; of a message that is still in the pipe,
/// an earlier page may be in use, too.
std::size_t pipe_bytes(const LinkConfig& config) {
  const std::size_t pages = (max_frame_bytes(config) + kPageBytes - 1) / kPageBytes;
  return (config.capacity * pages + 1) * kPageBytes;
}

std::size_t size_of(int pipe) {
  return static_cast<std::size_t>(checked([&] { return ::fcntl(pipe, F_GETPIPE_SZ); }, "fcntl F_GETPIPE_SZ", kName));
}

/// fcntl takes an int, and the kernel 2 GiB at most.
bool may_grow(int pipe, std::size_t bytes) {
  constexpr std::size_t most = std::size_t{1} << 31;
  return bytes < most && ::fcntl(pipe, F_SETPIPE_SZ, static_cast<unsigned>(bytes)) >= 0;
}

void size_pipe(int pipe, const LinkConfig& config) {
  const std::size_t wanted = pipe_bytes(config);
  if (wanted <= size_of(pipe)) return;
  if (config.calls == Calls::waiting) {
    static_cast<void>(may_grow(pipe, std::min(wanted, kMostSuggested)));  // does with less as well
  } else if (!may_grow(pipe, wanted)) {
    throw LimitReached(text(kName, ": ", config.capacity, " messages need a pipe of ", wanted,
                            " bytes; /proc/sys/fs/pipe-max-size is ", line_of("/proc/sys/fs/pipe-max-size"),
                            ", pipe-user-pages-soft is ", line_of("/proc/sys/fs/pipe-user-pages-soft"), " pages"));
  }
}

std::pair<Fd, Fd> make_pipe(const LinkConfig& config) {
  int ends[2];
  checked([&] { return ::pipe2(ends, O_CLOEXEC); }, "pipe2", kName);
  std::pair<Fd, Fd> pipe{Fd(ends[0]), Fd(ends[1])};
  size_pipe(ends[1], config);
  return pipe;
}

std::unique_ptr<Link> connect(const LinkConfig& config) {
  check(config, kName, kMaxPayload);
  ignore_broken_pipes();
  auto to_worker = make_pipe(config);
  auto to_submitter = make_pipe(config);
  return std::make_unique<StreamLink>(config, kName,
                                      StreamDescriptors{std::move(to_submitter.first), std::move(to_worker.second)},
                                      StreamDescriptors{std::move(to_worker.first), std::move(to_submitter.second)});
}

const Registration registered{{
    .name = kName,
    .summary = "a pipe each way; one write() and one read() a message; copies into the kernel and out of it",
    .max_payload_bytes = kMaxPayload,
    .when_a_side_is_killed = "waiting calls say so at once, after what it had sent; try_ calls find it empty or full",
    .connect = connect,
}};

}  // namespace
}  // namespace mpmt::ipc
