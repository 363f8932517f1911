// boost_condition: a bounded queue in managed shared memory under an interprocess_mutex, with an interprocess_condition
// for each reason to wait: what most people write first. Messages are copied in and out under the mutex.
//
// What becomes of that when a side is killed, and what is done about it:
// - It slept on a condition: each condition has only one side that ever sleeps there, and whoever notifies clears the
//   flag that asks for it. The C library hangs in a notify when a *further* waiter has come after a killed one was
//   notified; here there is no further one.
// - It held the mutex: lock() is given up after a time-out (ipc/boost_locks.hpp).
// - It held the mutex while the other side slept on a condition of the same queue: the wait has a time-out, but at its
//   end the C library takes the mutex again, and for that there is none. That call never returns, and nothing that can
//   be written around interprocess_condition changes it. The same goes for a side killed in the few instructions in
//   which it holds the condition's own, internal lock.
//
// Waits end at a time of the wall clock, the only one that Boost knows: setting it back prolongs them by as much.
#include <algorithm>
#include <boost/interprocess/managed_shared_memory.hpp>
#include <boost/interprocess/sync/interprocess_condition.hpp>
#include <boost/interprocess/sync/interprocess_mutex.hpp>
#include <boost/interprocess/sync/scoped_lock.hpp>

#include "ipc/boost_locks.hpp"
#include "ipc/buffer.hpp"
#include "ipc/limits.hpp"
#include "ipc/named_memory.hpp"
#include "ipc/ring.hpp"

namespace mpmt::ipc {
namespace {

namespace bip = boost::interprocess;
using ScopedLock = bip::scoped_lock<bip::interprocess_mutex>;

constexpr std::string_view kName = "boost_condition";
constexpr std::size_t kMaxPayload = std::size_t{16} << 20;

/// A message in its place: the payload follows.
struct alignas(kCacheLine) Slot {
  std::uint64_t payload_bytes;
  std::uint32_t head_bytes;
  std::int32_t sender_cpu;  ///< see cpu_to_tell()
  std::byte head[kMaxHeadBytes];

  std::byte* payload() { return reinterpret_cast<std::byte*>(this + 1); }
};

std::size_t slot_bytes(const LinkConfig& config) {
  return sizeof(Slot) + (config.max_payload_bytes + kCacheLine - 1) / kCacheLine * kCacheLine;
}

/// Why a side waits, and whether it does. Under the mutex, except for the notification.
struct Reason {
  bip::interprocess_condition condition;
  bool waited_for = false;

  /// Whether to notify, when the mutex has been released.
  bool claim() { return std::exchange(waited_for, false); }
};

/// One direction. Whole paddings, so that two directions do not disturb each other.
struct alignas(kPadding) Lane {
  bip::interprocess_mutex mutex;
  Reason not_empty;
  Reason not_full;
  std::uint64_t sent = 0;
  std::uint64_t received = 0;
  std::size_t capacity;
  std::size_t slot_bytes;
  bip::offset_ptr<std::byte> slots;

  Lane(std::size_t messages, std::size_t bytes, void* memory)
      : capacity(messages), slot_bytes(bytes), slots(static_cast<std::byte*>(memory)) {}

  bool is_empty() const { return sent == received; }
  bool is_full() const { return sent - received == capacity; }
  Slot& slot(std::uint64_t message) { return *reinterpret_cast<Slot*>(slots.get() + message % capacity * slot_bytes); }
};

/// Throws a time-out as lock() does, which looks at the clock even when the lock is free.
ScopedLock locked(Lane& lane) {
  ScopedLock lock(lane.mutex, bip::try_to_lock);
  if (!lock) lock.lock();
  return lock;
}

/// Sleeping on a condition, in the form that wait_for_peer() knows. `Operation` is what is waited for: given the lock,
/// it returns whether it is done.
template <class Operation>
class ConditionBell {
 public:
  ConditionBell(Lane& lane, Reason& reason, Operation operation)
      : lane_(lane), reason_(reason), operation_(operation) {}

  /// Sleeps for kLongestSleep at most. Does the operation, before or after, if it can be done; whether it was.
  template <class Poll>
  bool sleep_unless(Poll&&, std::optional<Deadline>) {
    return unless_locked([&] {
      auto lock = locked(lane_);
      if (operation_(lock)) return true;
      reason_.waited_for = true;
      const auto longest = boost::posix_time::milliseconds(kLongestSleep.count());
      reason_.condition.timed_wait(lock, bip::microsec_clock::universal_time() + longest);
      reason_.waited_for = false;
      return operation_(lock);
    });
  }

 private:
  Lane& lane_;
  Reason& reason_;
  Operation operation_;
};

class ConditionEnd final : public End {
 public:
  ConditionEnd(Lane& outgoing, Lane& incoming, const LinkConfig& config, Side side, const Lifeline& lifeline)
      : outgoing_(outgoing),
        incoming_(incoming),
        config_(config),
        side_(side),
        lifeline_(lifeline),
        built_(config.max_payload_bytes),
        received_(kMaxHeadBytes + config.max_payload_bytes) {}

  bool try_send(const Message& message) override {
    check(message, kName, config_.max_payload_bytes);
    return unless_locked([&] {
      auto lock = locked(outgoing_);
      return put(message, lock);
    });
  }
  std::optional<Message> try_receive() override {
    return unless_locked([&] {
      auto lock = locked(incoming_);
      return take(lock);
    })
               ? std::optional(view_)
               : std::nullopt;
  }
  bool send(const Message& message, Deadline deadline) override {
    check(message, kName, config_.max_payload_bytes);
    return wait(outgoing_, outgoing_.not_full, deadline, [&](ScopedLock& lock) { return put(message, lock); });
  }
  std::optional<Message> receive(Deadline deadline) override {
    const auto operation = [&](ScopedLock& lock) { return take(lock); };
    return wait(incoming_, incoming_.not_empty, deadline, operation) ? std::optional(view_) : std::nullopt;
  }
  std::span<std::byte> lend(std::size_t bytes) override { return {built_.data(), bytes}; }

 private:
  Patience patience(Deadline deadline) const {
    const bool here = peer_cpu_ >= 0 && peer_cpu_ == cpu_to_tell(config_);
    return {config_.wait, deadline, lifeline_, side_, here, kName};
  }

  template <class Operation>
  bool wait(Lane& lane, Reason& reason, Deadline deadline, Operation&& operation) {
    ConditionBell bell(lane, reason, operation);
    return wait_for_peer_unless_locked(bell, patience(deadline), [&] {
      auto lock = locked(lane);
      return operation(lock);
    });
  }

  bool put(const Message& message, ScopedLock& lock) {
    if (outgoing_.is_full()) return false;
    Slot& slot = outgoing_.slot(outgoing_.sent);
    slot.payload_bytes = message.payload.size();
    slot.head_bytes = static_cast<std::uint32_t>(message.head.size());
    slot.sender_cpu = cpu_to_tell(config_);
    std::copy(message.head.begin(), message.head.end(), slot.head);
    std::copy(message.payload.begin(), message.payload.end(), slot.payload());
    ++outgoing_.sent;
    notify(lock, outgoing_.not_empty);
    return true;
  }

  bool take(ScopedLock& lock) {
    if (incoming_.is_empty()) return false;
    Slot& slot = incoming_.slot(incoming_.received);
    std::byte* const payload = received_.data() + kMaxHeadBytes;
    std::copy_n(slot.head, slot.head_bytes, received_.data());
    std::copy_n(slot.payload(), slot.payload_bytes, payload);
    view_ = {{received_.data(), slot.head_bytes}, {payload, slot.payload_bytes}};
    peer_cpu_ = slot.sender_cpu;
    ++incoming_.received;
    notify(lock, incoming_.not_full);
    return true;
  }

  /// Only when the other side waits; outside the lock, so that it does not wake just to run into it.
  static void notify(ScopedLock& lock, Reason& reason) {
    const bool wanted = reason.claim();
    lock.unlock();
    if (wanted) reason.condition.notify_one();
  }

  Lane& outgoing_;
  Lane& incoming_;
  const LinkConfig config_;
  const Side side_;
  const Lifeline& lifeline_;
  Buffer built_;
  Buffer received_;
  Message view_;
  int peer_cpu_ = -1;
};

/// The segment that both lanes live in, whose name is gone when the constructor returns.
class ManagedMemory {
 public:
  explicit ManagedMemory(const LinkConfig& config) {
    const auto bytes = bytes_for(config);
    const auto object = text(kName, ", ", config.capacity, " messages of ", slot_bytes(config), " bytes each way");
    make_in_dev_shm(object, bytes, [&](const char* name) {
      memory_ = bip::managed_shared_memory(bip::create_only, name, bytes, nullptr, bip::permissions(0600));
    });
  }

  Lane& make_lane(const LinkConfig& config) {
    const auto bytes = slot_bytes(config);
    void* const slots = memory_.allocate_aligned(config.capacity * bytes, kPadding);
    return *new (memory_.allocate_aligned(sizeof(Lane), kPadding)) Lane(config.capacity, bytes, slots);
  }

 private:
  /// Two lanes, and what Boost needs for itself: its control block, and headers and alignment for four allocations.
  static std::size_t bytes_for(const LinkConfig& config) {
    return 2 * (sizeof(Lane) + config.capacity * slot_bytes(config)) + 4096;
  }

  bip::managed_shared_memory memory_;
};

class ConditionLink final : public Link {
 public:
  explicit ConditionLink(const LinkConfig& config)
      : lifeline_(config.sides, kName),
        memory_(config),
        requests_(memory_.make_lane(config)),
        replies_(memory_.make_lane(config)),
        submitter_(requests_, replies_, config, Side::submitter, lifeline_),
        worker_(replies_, requests_, config, Side::worker, lifeline_) {}

  End& end(Side side) override { return side == Side::submitter ? submitter_ : worker_; }
  void keep(Side side) override { lifeline_.keep(side); }

 private:
  Lifeline lifeline_;
  ManagedMemory memory_;
  Lane& requests_;  ///< never destroyed: the other side may be in it
  Lane& replies_;
  ConditionEnd submitter_;
  ConditionEnd worker_;
};

std::unique_ptr<Link> connect(const LinkConfig& config) {
  check(config, kName, kMaxPayload);
  return made_by_boost(kName, 2 * (config.capacity + 1) * (kMaxHeadBytes + config.max_payload_bytes),
                       [&] { return std::make_unique<ConditionLink>(config); });
}

const Registration registered{{
    .name = kName,
    .summary = "managed shared memory, interprocess_mutex, interprocess_condition; copies in and out under the mutex",
    .copies_per_message = 2,
    .max_payload_bytes = kMaxPayload,
    .survives_a_killed_peer = false,
    .delivers_after_a_kill = false,
    .when_a_side_is_killed = "a call that sleeps while the other side is killed holding the mutex (it was copying) "
                             "never returns; all others say so within a second",
    .connect = connect,
}};

}  // namespace
}  // namespace mpmt::ipc
