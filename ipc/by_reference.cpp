// by_reference: between threads, a payload is handed over by its address.
//
// A bounded queue for each direction under a mutex, with a condition variable for each reason to wait: what most people
// write first. The threads' real advantage, and therefore a case of its own: it is never compared with a copying
// channel as if only the address space differed.
#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <vector>

#include "base/cpu_relax.hpp"
#include "ipc/buffer.hpp"
#include "ipc/channel.hpp"
#include "ipc/limits.hpp"

namespace mpmt::ipc {
namespace {

constexpr std::string_view kName = "by_reference";
constexpr std::size_t kMaxPayload = std::size_t{1} << 30;

struct Slot {
  std::array<std::byte, kMaxHeadBytes> head;
  std::size_t head_bytes = 0;
  std::span<const std::byte> payload;

  void fill(const Message& message) {
    std::copy(message.head.begin(), message.head.end(), head.begin());  // may be empty: not for memcpy
    head_bytes = message.head.size();
    payload = message.payload;
  }
  Message view() const { return {{head.data(), head_bytes}, payload}; }
};

/// Messages in the order sent; a fixed number of slots, the first `used` of them filled.
struct Batch {
  explicit Batch(std::size_t capacity) : slots(capacity) {}
  std::vector<Slot> slots;
  std::size_t used = 0;
};

/// One direction. The receiver takes all there is at once, by swapping batches, and then reads without the lock: under
/// load, sides on two CPUs would else hand the lock's cache line to and fro for each message.
class Lane {
 public:
  explicit Lane(std::size_t capacity) : capacity_(capacity), room_(capacity), pending_(capacity), inbox_(capacity) {}

  bool try_put(const Message& message) {
    auto lock = locked();
    return put(message, lock);
  }
  bool put_until(const Message& message, Deadline deadline) {
    auto lock = locked();
    ++waiting_senders_;
    not_full_.wait_until(lock, deadline, [&] { return has_room(); });
    --waiting_senders_;
    return put(message, lock);
  }
  /// The next message, which stays in its slot until the next take; null when there is none.
  const Slot* try_take() {
    if (unread_ == 0) refill(locked());
    return take();
  }
  const Slot* take_until(Deadline deadline) {
    if (unread_ == 0) {
      auto lock = locked();
      ++waiting_receivers_;
      not_empty_.wait_until(lock, deadline, [&] { return pending_.used > 0; });
      --waiting_receivers_;
      refill(std::move(lock));
    }
    return take();
  }

 private:
  // Spins for a moment before it sleeps, as the C library's adaptive mutexes do: the other side holds the lock for some
  // 20 ns at a time, and going to sleep for that would cost both sides a system call.
  std::unique_lock<std::mutex> locked() {
    std::unique_lock lock(mutex_, std::defer_lock);
    for (int attempt = 0; attempt < kAttempts && !lock.try_lock(); ++attempt) cpu_relax();
    if (!lock) lock.lock();
    return lock;
  }

  // What the receiver has not read counts as being in the channel. The sender looks at its count, on the receiver's
  // cache line, only when the room it knows of is used up.
  bool has_room() {
    if (room_ == 0) room_ = capacity_ - pending_.used - unread_;
    return room_ > 0;
  }

  // Nobody is notified unless somebody waits; outside the lock, so that the woken side does not run into it.
  bool put(const Message& message, std::unique_lock<std::mutex>& lock) {
    if (!has_room()) return false;
    --room_;
    pending_.slots[pending_.used++].fill(message);
    const bool notify = waiting_receivers_ > 0;
    lock.unlock();
    if (notify) not_empty_.notify_one();
    return true;
  }

  void refill(std::unique_lock<std::mutex>) {
    if (pending_.used == 0) return;
    std::swap(pending_, inbox_);
    pending_.used = 0;
    unread_ = inbox_.used;
  }

  const Slot* take() {
    if (unread_ == 0) return nullptr;
    const Slot* const slot = &inbox_.slots[inbox_.used - unread_];
    // Both sequentially consistent: either a sender that is about to wait sees the room, or we see the sender.
    --unread_;
    if (waiting_senders_ > 0) {
      { const auto passed = locked(); }  // it is between looking and sleeping no more
      not_full_.notify_one();
    }
    return slot;
  }

  static constexpr int kAttempts = 64;
  const std::size_t capacity_;
  std::mutex mutex_;
  std::condition_variable not_empty_;
  std::condition_variable not_full_;
  std::size_t room_;  ///< that the sender knows of
  Batch pending_;     ///< sent, not yet fetched
  int waiting_receivers_ = 0;
  std::atomic<int> waiting_senders_{0};

  // The receiver's.
  alignas(kCacheLine) Batch inbox_;
  std::atomic<std::size_t> unread_{0};  ///< at the end of the inbox; written by the receiver only
};

class ReferenceEnd final : public End {
 public:
  ReferenceEnd(Lane& outgoing, Lane& incoming, const LinkConfig& config)
      : outgoing_(outgoing), incoming_(incoming), max_payload_(config.max_payload_bytes), lent_(config.capacity + 2) {}

  bool try_send(const Message& message) override {
    check(message, kName, max_payload_);
    return outgoing_.try_put(message);
  }
  std::optional<Message> try_receive() override { return view(incoming_.try_take()); }
  bool send(const Message& message, Deadline deadline) override {
    check(message, kName, max_payload_);
    return outgoing_.put_until(message, deadline);
  }
  std::optional<Message> receive(Deadline deadline) override { return view(incoming_.take_until(deadline)); }

  // As many buffers in turn as messages can be in flight, and one being read, and one being written.
  std::span<std::byte> lend(std::size_t bytes) override {
    auto& buffer = lent_[next_lent_];
    next_lent_ = (next_lent_ + 1) % lent_.size();
    grow(buffer, bytes, kName);
    return {buffer.data(), bytes};
  }

 private:
  static std::optional<Message> view(const Slot* slot) {
    if (slot == nullptr) return std::nullopt;
    return slot->view();
  }

  Lane& outgoing_;
  Lane& incoming_;
  std::size_t max_payload_;
  std::vector<Buffer> lent_;
  std::size_t next_lent_ = 0;
};

class ReferenceLink final : public Link {
 public:
  explicit ReferenceLink(const LinkConfig& config)
      : requests_(config.capacity),
        replies_(config.capacity),
        submitter_(requests_, replies_, config),
        worker_(replies_, requests_, config) {}

  End& end(Side side) override { return side == Side::submitter ? submitter_ : worker_; }
  void keep(Side) override {}

 private:
  Lane requests_;
  Lane replies_;
  ReferenceEnd submitter_;
  ReferenceEnd worker_;
};

std::unique_ptr<Link> connect(const LinkConfig& config) {
  if (config.sides != Sides::threads)
    throw std::runtime_error("by_reference: an address means nothing to another process");
  check(config, kName, kMaxPayload);
  return std::make_unique<ReferenceLink>(config);
}

const Registration registered{{
    .name = kName,
    .summary = "bounded in-process queue, mutex + condition variable; passes the payload by its address",
    .between_threads = true,
    .between_processes = false,
    .by_reference = true,
    .copies_per_message = 0,
    .max_payload_bytes = kMaxPayload,
    .default_capacity = 64,
    .has_wait = false,
    .when_a_side_is_killed = "not applicable: a thread is not killed without its process",
    .connect = connect,
}};

}  // namespace
}  // namespace mpmt::ipc
