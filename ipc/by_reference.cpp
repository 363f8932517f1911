// by_reference: between threads, a payload is handed over by its address.
//
// A bounded queue for each direction under a mutex, with a condition variable for each reason to wait: what most people
// write first. The threads' real advantage, and therefore a case of its own: it is never compared with a copying
// channel as if only the address space differed.
#include <array>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <vector>

#include "base/cpu_relax.hpp"
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
    std::memcpy(head.data(), message.head.data(), message.head.size());
    head_bytes = message.head.size();
    payload = message.payload;
  }
  Message view() const { return {{head.data(), head_bytes}, payload}; }
};

/// One direction.
class Lane {
 public:
  explicit Lane(std::size_t capacity) : slots_(capacity) {}

  bool try_put(const Message& message) {
    auto lock = locked();
    return put(message, lock);
  }
  bool put_until(const Message& message, Deadline deadline) {
    auto lock = locked();
    ++waiting_senders_;
    not_full_.wait_until(lock, deadline, [&] { return used_ < slots_.size(); });
    --waiting_senders_;
    return put(message, lock);
  }
  bool try_take(Slot& into) {
    auto lock = locked();
    return take(into, lock);
  }
  bool take_until(Slot& into, Deadline deadline) {
    auto lock = locked();
    ++waiting_receivers_;
    not_empty_.wait_until(lock, deadline, [&] { return used_ > 0; });
    --waiting_receivers_;
    return take(into, lock);
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

  // Nobody is notified unless somebody waits; outside the lock, so that the woken side does not run into it.
  bool put(const Message& message, std::unique_lock<std::mutex>& lock) {
    if (used_ == slots_.size()) return false;
    slots_[(first_ + used_) % slots_.size()].fill(message);
    ++used_;
    const bool notify = waiting_receivers_ > 0;
    lock.unlock();
    if (notify) not_empty_.notify_one();
    return true;
  }
  bool take(Slot& into, std::unique_lock<std::mutex>& lock) {
    if (used_ == 0) return false;
    into.fill(slots_[first_].view());
    first_ = (first_ + 1) % slots_.size();
    --used_;
    const bool notify = waiting_senders_ > 0;
    lock.unlock();
    if (notify) not_full_.notify_one();
    return true;
  }

  static constexpr int kAttempts = 64;
  std::mutex mutex_;
  std::condition_variable not_empty_;
  std::condition_variable not_full_;
  std::vector<Slot> slots_;
  std::size_t first_ = 0;
  std::size_t used_ = 0;
  int waiting_senders_ = 0;
  int waiting_receivers_ = 0;
};

class ReferenceEnd final : public End {
 public:
  ReferenceEnd(Lane& outgoing, Lane& incoming, const LinkConfig& config)
      : outgoing_(outgoing), incoming_(incoming), max_payload_(config.max_payload_bytes), lent_(config.capacity + 2) {}

  bool try_send(const Message& message) override {
    check(message, kName, max_payload_);
    return outgoing_.try_put(message);
  }
  std::optional<Message> try_receive() override {
    if (!incoming_.try_take(received_)) return std::nullopt;
    return received_.view();
  }
  bool send(const Message& message, Deadline deadline) override {
    check(message, kName, max_payload_);
    return outgoing_.put_until(message, deadline);
  }
  std::optional<Message> receive(Deadline deadline) override {
    if (!incoming_.take_until(received_, deadline)) return std::nullopt;
    return received_.view();
  }

  // As many buffers in turn as messages can be in flight, and one being read, and one being written.
  std::span<std::byte> lend(std::size_t bytes) override {
    auto& buffer = lent_[next_lent_];
    next_lent_ = (next_lent_ + 1) % lent_.size();
    if (buffer.size() < bytes) buffer.resize(bytes);
    return {buffer.data(), bytes};
  }

 private:
  Lane& outgoing_;
  Lane& incoming_;
  std::size_t max_payload_;
  Slot received_;
  std::vector<std::vector<std::byte>> lent_;
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
    .when_a_side_is_killed = "not applicable: a thread is not killed without its process",
    .connect = connect,
}};

}  // namespace
}  // namespace mpmt::ipc
