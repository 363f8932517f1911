// posix_queue: a POSIX message queue each way.
//
// A queue does not show that its other user has ended: waiting calls come back with every tick and look at a lifeline.
// The kernel allows little: RLIMIT_MSGQUEUE counts the bytes of all queues of a user (800 KiB as a rule), and who is
// not root may have 10 messages of 8 KiB each in a queue.
#include <fcntl.h>
#include <mqueue.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/proc_files.hpp"
#include "base/thread_sanitizer.hpp"
#include "ipc/buffer.hpp"
#include "ipc/descriptor_wait.hpp"
#include "ipc/frame.hpp"
#include "ipc/limits.hpp"
#include "ipc/names.hpp"

namespace mpmt::ipc {
namespace {

constexpr std::string_view kName = "posix_queue";
/// Linux has no larger messages (HARD_MSGSIZEMAX).
constexpr std::size_t kMaxPayload = (std::size_t{16} << 20) - sizeof(FrameHeader) - kMaxHeadBytes;

void raise_soft_limit() {
  rlimit limit{};
  checked([&] { return ::getrlimit(RLIMIT_MSGQUEUE, &limit); }, "getrlimit RLIMIT_MSGQUEUE", kName);
  if (limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  checked([&] { return ::setrlimit(RLIMIT_MSGQUEUE, &limit); }, "setrlimit RLIMIT_MSGQUEUE", kName);
}

std::string sysctl(std::string_view name) {
  const std::string path = text("/proc/sys/fs/mqueue/", name);
  return text(path, " is ", line_of(path));
}

/// Why mq_open() says EINVAL: one of two values is above what this user may have.
std::string refused_size(const LinkConfig& config) {
  const auto most = std::strtoul(line_of("/proc/sys/fs/mqueue/msg_max").c_str(), nullptr, 10);
  const auto largest = std::strtoul(line_of("/proc/sys/fs/mqueue/msgsize_max").c_str(), nullptr, 10);
  const bool many = config.capacity > most;
  const bool large = max_frame_bytes(config) > largest;
  return text(many ? sysctl("msg_max") : "", many && large ? ", " : "", large || !many ? sysctl("msgsize_max") : "");
}

/// Bytes of all queues, this limit counts; a descriptor table that is full has the same error number.
bool is_limit_of_bytes() {
  const Fd free_descriptor(::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0));
  return free_descriptor || errno != EMFILE;
}

[[noreturn]] void throw_refused(int reason, const LinkConfig& config) {
  rlimit limit{};
  ::getrlimit(RLIMIT_MSGQUEUE, &limit);
  const auto wanted = text(kName, ": a queue of ", config.capacity, " messages of ", max_frame_bytes(config), " bytes");
  if (reason == EINVAL) throw LimitReached(text(wanted, "; ", refused_size(config)));
  if (reason == ENOSPC) throw LimitReached(text(wanted, "; ", sysctl("queues_max")));
  if (reason == EMFILE && is_limit_of_bytes()) {
    throw LimitReached(text(wanted, "; RLIMIT_MSGQUEUE is ", limit.rlim_cur, " bytes for all queues of this user"));
  }
  throw_system_error(reason, "mq_open", wanted);
}

/// None when there is a queue of that name.
Fd make_queue(const std::string& name, const LinkConfig& config) {
  mq_attr attributes{};
  attributes.mq_maxmsg = static_cast<long>(config.capacity);
  attributes.mq_msgsize = static_cast<long>(max_frame_bytes(config));
  const int waits = sleeps_in_calls(config) ? 0 : O_NONBLOCK;
  const auto path = "/" + name;
  Fd queue(::mq_open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | waits, 0600, &attributes));  // close-on-exec always
  const int reason = errno;
  if (!queue && reason != EEXIST) throw_refused(reason, config);
  if (queue) checked([&] { return ::fchmod(queue.get(), 0600); }, "fchmod", kName);  // whatever the umask
  return queue;
}

/// Its name is gone when this returns.
Fd make_queue(const LinkConfig& config) {
  Fd queue;
  make_under_new_name({NewObject::Kind::queue, std::string(kName)}, [&](const std::string& name) {
    queue = make_queue(name, config);
    return bool(queue);
  });
  return queue;
}

class PosixQueueEnd final : public End {
 public:
  PosixQueueEnd(const Fd& outgoing, const Fd& incoming, const LinkConfig& config, Side side, const Lifeline& lifeline)
      : outgoing_(outgoing),
        incoming_(incoming),
        config_(config),
        side_(side),
        lifeline_(lifeline),
        built_(config.max_payload_bytes, kName) {}

  bool try_send(const Message& message) override {
    const auto frame = build(message, Calls::trying);
    return write(frame);
  }

  bool send(const Message& message, Deadline deadline) override {
    const auto frame = build(message, Calls::waiting);
    return wait_for_descriptor(outgoing_.get(), POLLOUT, patience(deadline), [&] { return write(frame); });
  }

  std::optional<Message> try_receive() override {
    check_calls(config_, Calls::trying, kName);
    if (!read()) return std::nullopt;
    return message_in(received_.data());
  }

  std::optional<Message> receive(Deadline deadline) override {
    check_calls(config_, Calls::waiting, kName);
    if (!wait_for_descriptor(incoming_.get(), POLLIN, patience(deadline), [&] { return read(); })) return std::nullopt;
    return message_in(received_.data());
  }

  std::span<std::byte> lend(std::size_t bytes) override { return {built_.lend(bytes), bytes}; }

 private:
  std::span<const std::byte> build(const Message& message, Calls calls) {
    check_calls(config_, calls, kName);
    return built_.build(FrameHeader::of(message), message);
  }

  bool write(std::span<const std::byte> frame) {
    const auto* const bytes = reinterpret_cast<const char*>(frame.data());
    kernel_releases(&outgoing_);
    if (::mq_send(outgoing_.get(), bytes, frame.size(), 0) == 0) return true;
    if (is_not_now(errno)) return false;
    throw_system_error(errno, "mq_send", kName);
  }

  bool read() {
    grow(received_, max_frame_bytes(config_), kName);  // in the process that reads
    auto* const bytes = reinterpret_cast<char*>(received_.data());
    if (::mq_receive(incoming_.get(), bytes, received_.size(), nullptr) >= 0) {
      kernel_acquires(&incoming_);
      return true;
    }
    if (is_not_now(errno)) return false;
    throw_system_error(errno, "mq_receive", kName);
  }

  Patience patience(Deadline deadline) const { return {config_.wait, deadline, lifeline_, side_, false, kName}; }

  const Fd& outgoing_;
  const Fd& incoming_;
  const LinkConfig config_;
  const Side side_;
  const Lifeline& lifeline_;
  BuiltFrame built_;
  Buffer received_;
};

class PosixQueueLink final : public Link {
 public:
  explicit PosixQueueLink(const LinkConfig& config)
      : lifeline_(config.sides, kName),
        requests_(make_queue(config)),
        replies_(make_queue(config)),
        submitter_(requests_, replies_, config, Side::submitter, lifeline_),
        worker_(replies_, requests_, config, Side::worker, lifeline_) {}

  End& end(Side side) override { return side == Side::submitter ? submitter_ : worker_; }
  void keep(Side side) override { lifeline_.keep(side); }

 private:
  Lifeline lifeline_;
  Fd requests_;
  Fd replies_;
  PosixQueueEnd submitter_;
  PosixQueueEnd worker_;
};

std::unique_ptr<Link> connect(const LinkConfig& config) {
  check(config, kName, kMaxPayload);
  raise_soft_limit();
  return std::make_unique<PosixQueueLink>(config);
}

const Registration registered{{
    .name = kName,
    .summary = "a POSIX message queue each way; copies into the kernel and out of it; small limits",
    .max_payload_bytes = kMaxPayload,
    .default_capacity = 10,
    .when_a_side_is_killed = "waiting calls say so within a second, after what it had sent; try_ calls: empty or full",
    .connect = connect,
}};

}  // namespace
}  // namespace mpmt::ipc
