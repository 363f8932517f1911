// slot_ring: a ring of message slots in shared memory for each direction, for threads and processes alike.
//
// One side only puts, the other only takes, so that two counters are enough and no lock is needed (L. Lamport, 1983).
// Hence nobody can die holding one: a message that was not finished is never counted, and the ring just stays as it is.
// The memory has no name; it goes with the last process that maps it.
//
// The waiting forms sleep in short steps, and look at a lifeline each time, since memory does not tell that the other
// side has died. That is good enough here; a channel that is to be fast when measured bare would sleep on a futex, with
// wait_for_peer (ipc/waiting.hpp).
#include <atomic>
#include <cstring>
#include <new>
#include <thread>

#include "base/shared_region.hpp"
#include "ipc/buffer.hpp"
#include "ipc/limits.hpp"
#include "ipc/waiting.hpp"

namespace mpmt::ipc {
namespace {

constexpr std::string_view kName = "slot_ring";
constexpr std::size_t kMaxPayload = std::size_t{1} << 20;
constexpr std::size_t kLine = 128;  // two cache lines: x86 fetches them in pairs
constexpr std::chrono::microseconds kStep{50};

/// What both sides see, at the head of the memory. Each counter is written by one side only.
struct Counters {
  alignas(kLine) std::atomic<std::uint64_t> put{0};
  alignas(kLine) std::atomic<std::uint64_t> taken{0};
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free, "a lock inside would not work between processes");

/// The head of a slot; the payload follows.
struct alignas(kLine) Slot {
  std::size_t head_bytes;
  std::size_t payload_bytes;
  std::byte head[kMaxHeadBytes];

  std::byte* payload() { return reinterpret_cast<std::byte*>(this + 1); }
};

/// One direction. A message that was taken keeps its slot until the next one is asked for, so that it can be read in
/// place: one slot more than the capacity.
class Ring {
 public:
  explicit Ring(const LinkConfig& config)
      : slots_(config.capacity + 1),
        slot_bytes_(sizeof(Slot) + (config.max_payload_bytes + kLine - 1) / kLine * kLine),
        region_(sizeof(Counters) + slots_ * slot_bytes_),
        counters_(*new (region_.data()) Counters) {}

  bool try_put(const Message& message) {
    const auto number = counters_.put.load(std::memory_order_relaxed);
    if (number - counters_.taken.load(std::memory_order_acquire) == slots_) return false;
    Slot& slot = slot_of(number);
    slot.head_bytes = message.head.size();
    slot.payload_bytes = message.payload.size();
    copy(slot.head, message.head);
    copy(slot.payload(), message.payload);
    counters_.put.store(number + 1, std::memory_order_release);
    return true;
  }

  std::optional<Message> try_take() {
    auto number = counters_.taken.load(std::memory_order_relaxed);
    if (reading_) {
      counters_.taken.store(++number, std::memory_order_release);
      reading_ = false;
    }
    if (number == counters_.put.load(std::memory_order_acquire)) return std::nullopt;
    reading_ = true;
    Slot& slot = slot_of(number);
    return Message{{slot.head, slot.head_bytes}, {slot.payload(), slot.payload_bytes}};
  }

 private:
  static void copy(std::byte* to, std::span<const std::byte> from) {
    if (!from.empty()) std::memcpy(to, from.data(), from.size());
  }
  Slot& slot_of(std::uint64_t number) {
    auto* const first = static_cast<std::byte*>(region_.data()) + sizeof(Counters);
    return *reinterpret_cast<Slot*>(first + (number % slots_) * slot_bytes_);
  }

  std::size_t slots_;
  std::size_t slot_bytes_;
  SharedRegion region_;
  Counters& counters_;
  bool reading_ = false;  ///< of the taking side alone; each process has its own
};

class RingEnd final : public End {
 public:
  RingEnd(Ring& outgoing, Ring& incoming, const LinkConfig& config, Side side, const Lifeline& lifeline)
      : outgoing_(outgoing),
        incoming_(incoming),
        side_(side),
        lifeline_(lifeline),
        max_payload_(config.max_payload_bytes),
        lent_(max_payload_) {}

  bool try_send(const Message& message) override {
    check(message, kName, max_payload_);
    return outgoing_.try_put(message);
  }
  std::optional<Message> try_receive() override { return incoming_.try_take(); }

  bool send(const Message& message, Deadline deadline) override {
    return step_until(deadline, [&] { return try_send(message); });
  }
  std::optional<Message> receive(Deadline deadline) override {
    std::optional<Message> message;
    step_until(deadline, [&] { return (message = try_receive()).has_value(); });
    return message;
  }

  std::span<std::byte> lend(std::size_t bytes) override { return std::span(lent_).first(bytes); }

 private:
  template <class Poll>
  bool step_until(Deadline deadline, Poll&& poll) {
    const Patience patience{Wait::block, deadline, lifeline_, side_, false, kName};
    bool success = poll();
    while (!success && !is_over(patience, poll, success)) std::this_thread::sleep_for(kStep);
    return success;
  }

  Ring& outgoing_;
  Ring& incoming_;
  const Side side_;
  const Lifeline& lifeline_;
  std::size_t max_payload_;
  Buffer lent_;
};

class RingLink final : public Link {
 public:
  explicit RingLink(const LinkConfig& config)
      : lifeline_(config.sides, kName),
        requests_(config),
        replies_(config),
        submitter_(requests_, replies_, config, Side::submitter, lifeline_),
        worker_(replies_, requests_, config, Side::worker, lifeline_) {}

  End& end(Side side) override { return side == Side::submitter ? submitter_ : worker_; }
  void keep(Side side) override { lifeline_.keep(side); }

 private:
  Lifeline lifeline_;
  Ring requests_;
  Ring replies_;
  RingEnd submitter_;
  RingEnd worker_;
};

std::unique_ptr<Link> connect(const LinkConfig& config) {
  check(config, kName, kMaxPayload);
  return std::make_unique<RingLink>(config);
}

const Registration registered{{
    .name = kName,
    .summary = "a ring of slots in shared memory each way, without a lock; copies in, is read in place",
    .between_threads = true,
    .between_processes = true,
    .by_reference = false,
    .copies_per_message = 1,
    .max_payload_bytes = kMaxPayload,
    .default_capacity = 64,
    .when_a_side_is_killed = "waiting calls say so within a second; nothing else is harmed",
    .connect = connect,
}};

}  // namespace
}  // namespace mpmt::ipc
