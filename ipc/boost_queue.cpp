// boost_queue: a pair of boost::interprocess::message_queue per link.
//
// Boost's queue lives in named shared memory under one process-shared mutex, with two condition variables to sleep on.
// What becomes of that when a side is killed:
// - While it holds the mutex: the lock is never released, and what is in the queue is lost. Boost's lock is given up
//   after a time-out (ipc/boost_locks.hpp).
// - After it has put a message and before it has counted it: the message is never looked for.
// - While it sleeps on a condition variable: a later notify could hang inside the C library. So nobody ever sleeps
//   there: only the queue's try_ forms are used, and a waiting call sleeps on a bell beside the queue in between.
#include <algorithm>
#include <atomic>
#include <boost/interprocess/ipc/message_queue.hpp>
#include <cstring>
#include <optional>

#include "ipc/boost_locks.hpp"
#include "ipc/buffer.hpp"
#include "ipc/built_message.hpp"
#include "ipc/limits.hpp"
#include "ipc/named_memory.hpp"
#include "ipc/ring.hpp"
#include "ipc/segment.hpp"

namespace mpmt::ipc {
namespace {

namespace bip = boost::interprocess;

constexpr std::string_view kName = "boost_queue";
constexpr std::size_t kMaxPayload = std::size_t{16} << 20;
/// What a frame begins with.
struct Preamble {
  std::uint32_t head_bytes;
  std::int32_t cpu;  ///< see cpu_to_tell()
};

std::size_t frame_bytes(const LinkConfig& config) {
  return sizeof(Preamble) + kMaxHeadBytes + config.max_payload_bytes;
}

/// At least what Boost will take: its control block, and per message an index entry, a header and alignment.
std::size_t queue_bytes(const LinkConfig& config) {
  return 4096 + config.capacity * (frame_bytes(config) + 64);
}

/// Beside a queue: how many messages it has been given, and what the waiting calls of its direction sleep on.
struct QueueSigns {
  explicit QueueSigns(FutexScope scope) : message_there(scope), room_there(scope) {}
  /// So that no receiver locks an empty queue just to find that out: a lock that is given up after a time-out looks at
  /// the clock and at the calendar each time.
  alignas(kPadding) std::atomic<std::uint64_t> sent{0};
  Bell message_there;
  alignas(kPadding) Bell room_there;
};

/// One direction. The queue's name is gone when the constructor returns.
class Queue {
 public:
  explicit Queue(const LinkConfig& config)
      : beside_(kName, sizeof(QueueSigns)), signs_(*new (beside_.data()) QueueSigns(config.futex_scope())) {
    const auto object = text(kName, ", ", config.capacity, " messages of ", frame_bytes(config), " bytes");
    make_in_dev_shm(object, queue_bytes(config), [&](const char* name) {
      queue_.emplace(bip::create_only, name, config.capacity, frame_bytes(config), bip::permissions(0600));
    });
  }

  bip::message_queue* operator->() { return &*queue_; }
  QueueSigns& signs() { return signs_; }

 private:
  std::optional<bip::message_queue> queue_;
  Segment beside_;
  QueueSigns& signs_;
};

class QueueEnd final : public End {
 public:
  QueueEnd(Queue& outgoing, Queue& incoming, const LinkConfig& config, Side side, const Lifeline& lifeline)
      : outgoing_(outgoing),
        incoming_(incoming),
        config_(config),
        side_(side),
        lifeline_(lifeline),
        built_(config.max_payload_bytes, kName),
        received_(frame_bytes(config)) {}

  bool try_send(const Message& message) override {
    const auto frame = build(message);
    return unless_locked([&] { return put(frame); });
  }
  std::optional<Message> try_receive() override {
    return unless_locked([&] { return take(); }) ? view() : std::nullopt;
  }
  bool send(const Message& message, Deadline deadline) override {
    const auto frame = build(message);
    return wait_for_peer_unless_locked(outgoing_.signs().room_there, patience(deadline), [&] { return put(frame); });
  }
  std::optional<Message> receive(Deadline deadline) override {
    auto& bell = incoming_.signs().message_there;
    return wait_for_peer_unless_locked(bell, patience(deadline), [&] { return take(); }) ? view() : std::nullopt;
  }
  std::span<std::byte> lend(std::size_t bytes) override { return {built_.lend(bytes), bytes}; }

 private:
  bool waits() const { return config_.calls == Calls::waiting; }
  Patience patience(Deadline deadline) const {
    const bool here = peer_cpu_ >= 0 && peer_cpu_ == cpu_to_tell(config_);
    return {config_.wait, deadline, lifeline_, side_, here, kName};
  }

  std::span<const std::byte> build(const Message& message) {
    return built_.build({static_cast<std::uint32_t>(message.head.size()), cpu_to_tell(config_)}, message);
  }

  bool put(std::span<const std::byte> frame) {
    if (!outgoing_->try_send(frame.data(), frame.size(), 0)) return false;
    outgoing_.signs().sent.store(++sent_, std::memory_order_release);  // what is counted is there
    if (waits()) outgoing_.signs().message_there.ring();
    return true;
  }

  bool take() {
    if (taken_ == sent_by_peer_) sent_by_peer_ = incoming_.signs().sent.load(std::memory_order_acquire);
    if (taken_ == sent_by_peer_) return false;
    unsigned priority = 0;
    if (!incoming_->try_receive(received_.data(), received_.size(), received_bytes_, priority)) return false;
    ++taken_;
    if (waits()) incoming_.signs().room_there.ring();
    return true;
  }

  /// Of the message received last.
  std::optional<Message> view() {
    Preamble preamble;
    std::memcpy(&preamble, received_.data(), sizeof preamble);
    peer_cpu_ = preamble.cpu;
    const std::byte* const head = received_.data() + sizeof preamble;
    const std::size_t head_bytes = preamble.head_bytes;
    return Message{{head, head_bytes}, {head + head_bytes, received_bytes_ - sizeof preamble - head_bytes}};
  }

  Queue& outgoing_;
  Queue& incoming_;
  const LinkConfig config_;
  const Side side_;
  const Lifeline& lifeline_;
  BuiltMessage<Preamble> built_;
  Buffer received_;
  bip::message_queue::size_type received_bytes_ = 0;
  std::uint64_t sent_ = 0;
  std::uint64_t taken_ = 0;
  std::uint64_t sent_by_peer_ = 0;  ///< as last seen
  int peer_cpu_ = -1;
};

class QueueLink final : public Link {
 public:
  explicit QueueLink(const LinkConfig& config)
      : lifeline_(config.sides, kName),
        requests_(config),
        replies_(config),
        submitter_(requests_, replies_, config, Side::submitter, lifeline_),
        worker_(replies_, requests_, config, Side::worker, lifeline_) {}

  End& end(Side side) override { return side == Side::submitter ? submitter_ : worker_; }
  void keep(Side side) override { lifeline_.keep(side); }

 private:
  Lifeline lifeline_;
  Queue requests_;
  Queue replies_;
  QueueEnd submitter_;
  QueueEnd worker_;
};

std::unique_ptr<Link> connect(const LinkConfig& config) {
  check(config, kName, kMaxPayload);
  return made_by_boost(kName, 2 * (config.capacity + 1) * (kMaxHeadBytes + config.max_payload_bytes),
                       [&] { return std::make_unique<QueueLink>(config); });
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
    .has_futex = true,
    .delivers_after_a_kill = false,
    .when_a_side_is_killed = "waiting calls say so within a second; what it held the lock of is lost, try_ calls say "
                             "full or empty, at once or after 100 ms",
    .connect = connect,
}};

}  // namespace
}  // namespace mpmt::ipc
