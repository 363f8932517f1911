// boost_queue: a pair of boost::interprocess::message_queue per link.
//
// Boost's queue lives in named shared memory under one process-shared mutex. What that means when a side is killed:
// - Killed while it holds the mutex: the other side would wait for ever. BOOST_INTERPROCESS_ENABLE_TIMEOUT_WHEN_LOCKING
//   bounds the wait for the lock; past it, a try_ call says "not now", since a holder that is only slow or stopped
//   looks the same. Who watches the process (pidfd, SIGCHLD) tells the two apart.
// - Killed while it sleeps in receive(): a later notify on that condition variable can hang inside the C library. A
// pool
//   therefore only uses the try_ forms, which never sleep here and so never leave a waiter behind.
//
// The macros are defined here and nowhere else: no other file uses Boost.Interprocess's locks with this time-out.
#define BOOST_INTERPROCESS_ENABLE_TIMEOUT_WHEN_LOCKING
#define BOOST_INTERPROCESS_TIMEOUT_WHEN_LOCKING_DURATION_MS 500

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/interprocess/ipc/message_queue.hpp>
#include <cstring>
#include <vector>

#include "base/checked.hpp"
#include "base/fd.hpp"
#include "base/text.hpp"
#include "ipc/channel.hpp"
#include "ipc/limits.hpp"
#include "ipc/names.hpp"

namespace mpmt::ipc {
namespace {

namespace bip = boost::interprocess;

static_assert(kLockPatience == std::chrono::milliseconds(BOOST_INTERPROCESS_TIMEOUT_WHEN_LOCKING_DURATION_MS));

constexpr std::string_view kName = "boost_queue";
constexpr std::size_t kMaxPayload = std::size_t{16} << 20;
constexpr std::size_t kLengthBytes = sizeof(std::uint64_t);
/// Where the payload begins in the buffer that a message is built in; the head is put right before it.
constexpr std::size_t kPayloadOffset = 128;
static_assert(kLengthBytes + kMaxHeadBytes <= kPayloadOffset);

std::size_t frame_bytes(const LinkConfig& config) {
  return kLengthBytes + kMaxHeadBytes + config.max_payload_bytes;
}

/// At least what Boost will take: its control block, and per message an index entry, a header and alignment.
std::size_t queue_bytes(const LinkConfig& config) {
  return 4096 + config.capacity * (frame_bytes(config) + 64);
}

/// Allocates every page, so that a full /dev/shm is an error here and not a SIGBUS at the first write.
void allocate(const std::string& name, const LinkConfig& config, int open_flags, std::size_t bytes) {
  const Fd memory(checked([&] { return ::shm_open(("/" + name).c_str(), open_flags | O_RDWR | O_CLOEXEC, 0600); },
                          "shm_open", name));
  if (bytes == 0) {
    struct stat status {};
    checked([&] { return ::fstat(memory.get(), &status); }, "fstat", name);
    bytes = static_cast<std::size_t>(status.st_size);
  }
  if (const int reason = ::posix_fallocate(memory.get(), 0, static_cast<off_t>(bytes)); reason != 0) {
    throw_system_error(reason, "posix_fallocate",
                       text("boost_queue, ", config.capacity, " messages of ", frame_bytes(config), " bytes: ", bytes,
                            " bytes in /dev/shm"));
  }
}

struct NameRemover {
  const std::string& name;
  ~NameRemover() { ::shm_unlink(("/" + name).c_str()); }
};

/// One direction: the queue, whose name is gone when the constructor returns.
class Queue {
 public:
  explicit Queue(const LinkConfig& config) : Queue(config, unique_name()) {}
  bip::message_queue& operator*() { return queue_; }
  bip::message_queue* operator->() { return &queue_; }

 private:
  Queue(const LinkConfig& config, const std::string& name) : Queue(config, name, NameRemover{reserve(config, name)}) {}
  Queue(const LinkConfig& config, const std::string& name, const NameRemover&)
      : queue_(bip::create_only, name.c_str(), config.capacity, frame_bytes(config), bip::permissions(0600)) {
    allocate(name, config, 0, 0);
  }

  /// Boost writes to the memory as it creates it: asks first whether there is room.
  static const std::string& reserve(const LinkConfig& config, const std::string& name) {
    const NameRemover remover{name};
    allocate(name, config, O_CREAT | O_EXCL, queue_bytes(config));
    return name;
  }

  bip::message_queue queue_;
};

boost::posix_time::ptime wall_time(Deadline deadline) {
  using std::chrono::microseconds;
  const auto left = std::max(std::chrono::duration_cast<microseconds>(deadline - Clock::now()), microseconds(0));
  return bip::microsec_clock::universal_time() + boost::posix_time::microseconds(left.count());
}

/// Runs a queue operation; a lock that could not be had within kLockPatience counts as "not now".
template <class Operation>
bool unless_locked(Operation&& operation) {
  try {
    return operation();
  } catch (const bip::interprocess_exception& failure) {
    if (failure.get_error_code() == bip::timeout_when_locking_error) return false;
    throw;
  }
}

class QueueEnd final : public End {
 public:
  QueueEnd(Queue& outgoing, Queue& incoming, const LinkConfig& config)
      : outgoing_(outgoing),
        incoming_(incoming),
        max_payload_(config.max_payload_bytes),
        built_(kPayloadOffset + config.max_payload_bytes),
        received_(frame_bytes(config)) {}

  bool try_send(const Message& message) override {
    const auto frame = build(message);
    return unless_locked([&] { return outgoing_->try_send(frame.data(), frame.size(), 0); });
  }
  std::optional<Message> try_receive() override {
    return receive_by([&](auto& bytes, auto& priority) {
      return incoming_->try_receive(received_.data(), received_.size(), bytes, priority);
    });
  }
  bool send(const Message& message, Deadline deadline) override {
    const auto frame = build(message);
    return unless_locked([&] { return outgoing_->timed_send(frame.data(), frame.size(), 0, wall_time(deadline)); });
  }
  std::optional<Message> receive(Deadline deadline) override {
    return receive_by([&](auto& bytes, auto& priority) {
      return incoming_->timed_receive(received_.data(), received_.size(), bytes, priority, wall_time(deadline));
    });
  }
  std::span<std::byte> lend(std::size_t bytes) override { return {built_.data() + kPayloadOffset, bytes}; }

 private:
  /// Boost sends one contiguous buffer: length of the head, head, payload. A payload that was built in the lent buffer
  /// is there already.
  std::span<const std::byte> build(const Message& message) {
    check(message, kName, max_payload_);
    std::byte* const payload = built_.data() + kPayloadOffset;
    if (!message.payload.empty() && message.payload.data() != payload) {
      std::memcpy(payload, message.payload.data(), message.payload.size());
    }
    std::byte* const head = payload - message.head.size();
    std::copy(message.head.begin(), message.head.end(), head);  // may be empty: not for memcpy
    const std::uint64_t head_bytes = message.head.size();
    std::memcpy(head - kLengthBytes, &head_bytes, kLengthBytes);
    return {head - kLengthBytes, kLengthBytes + message.head.size() + message.payload.size()};
  }

  template <class Operation>
  std::optional<Message> receive_by(Operation&& operation) {
    bip::message_queue::size_type bytes = 0;
    unsigned priority = 0;
    if (!unless_locked([&] { return operation(bytes, priority); })) return std::nullopt;
    std::uint64_t head_bytes = 0;
    std::memcpy(&head_bytes, received_.data(), kLengthBytes);
    const std::byte* const head = received_.data() + kLengthBytes;
    return Message{{head, head_bytes}, {head + head_bytes, bytes - kLengthBytes - head_bytes}};
  }

  Queue& outgoing_;
  Queue& incoming_;
  std::size_t max_payload_;
  std::vector<std::byte> built_;
  std::vector<std::byte> received_;
};

class QueueLink final : public Link {
 public:
  explicit QueueLink(const LinkConfig& config)
      : requests_(config),
        replies_(config),
        submitter_(requests_, replies_, config),
        worker_(replies_, requests_, config) {}

  End& end(Side side) override { return side == Side::submitter ? submitter_ : worker_; }
  void keep(Side) override {}

 private:
  Queue requests_;
  Queue replies_;
  QueueEnd submitter_;
  QueueEnd worker_;
};

std::unique_ptr<Link> connect(const LinkConfig& config) {
  check(config, kName, kMaxPayload);
  return std::make_unique<QueueLink>(config);
}

const Registration registered{{
    .name = kName,
    .summary = "boost::interprocess::message_queue, one each way; copies in and out under a process-shared mutex",
    .between_threads = true,
    .between_processes = true,
    .by_reference = false,
    .copies_per_message = 2,
    .max_payload_bytes = kMaxPayload,
    .default_capacity = 64,
    .when_a_side_is_killed = "full or empty for ever; a lock it held is given up after 500 ms a call",
    .connect = connect,
}};

}  // namespace
}  // namespace mpmt::ipc
