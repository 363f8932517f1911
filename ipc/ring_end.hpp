// Links over a pair of rings in shared memory; what the two sides sleep on is a parameter.
#pragma once

#include <sched.h>

#include "ipc/buffer.hpp"
#include "ipc/limits.hpp"
#include "ipc/ring.hpp"
#include "ipc/segment.hpp"
#include "ipc/waiting.hpp"

namespace mpmt::ipc {

/// See Ring.
struct RingSize {
  std::size_t bytes = 0;
  std::size_t laziness = Ring::kLaziness;
};

/// One direction, in memory that both sides map. `AnyBell` is used like Bell.
template <class AnyBell>
struct RingLane {
  template <class Scope>
  RingLane(Scope scope, std::byte* records, RingSize size)
      : message_there(scope), room_there(scope), ring(records, size.bytes, size.laziness) {}

  alignas(kPadding) AnyBell message_there;  ///< the consumer sleeps here
  alignas(kPadding) AnyBell room_there;     ///< the producer sleeps here
  Ring ring;
};

/// One end: produces into one lane, consumes from the other. A message is copied once, into the ring, and read there.
template <class AnyBell>
class RingEnd final : public End {
 public:
  using Lane = RingLane<AnyBell>;

  /// All that is referred to outlives the end. `max_payload_bytes` is that of this link.
  RingEnd(Lane& outgoing, Lane& incoming, const LinkConfig& config, Side side, const Lifeline& lifeline,
          std::string_view channel)
      : outgoing_(outgoing),
        incoming_(incoming),
        producer_(outgoing.ring),
        consumer_(incoming.ring),
        config_(config),
        side_(side),
        lifeline_(lifeline),
        channel_(channel) {}

  bool try_send(const Message& message) override {
    check(message, channel_, config_.max_payload_bytes);
    return push(message);
  }

  bool send(const Message& message, Deadline deadline) override {
    check(message, channel_, config_.max_payload_bytes);
    return push(message) || wait_for_peer(outgoing_.room_there, patience(deadline), [&] { return push(message); });
  }

  std::optional<Message> try_receive() override {
    release();
    return take();
  }

  std::optional<Message> receive(Deadline deadline) override {
    release();
    auto message = take();
    if (!message) {
      wait_for_peer(incoming_.message_there, patience(deadline), [&] { return (message = take()).has_value(); });
    }
    return message;
  }

  std::span<std::byte> lend(std::size_t bytes) override {
    grow(lent_, bytes, channel_);
    return {lent_.data(), bytes};
  }

 private:
  bool waits() const { return config_.calls == Calls::waiting; }

  bool push(const Message& message) {
    if (!producer_.try_push(message, this_cpu())) return false;
    if (waits()) outgoing_.message_there.ring();
    return true;
  }

  /// The message that was read last makes room.
  void release() {
    if (!reading_) return;
    reading_ = false;
    if (consumer_.pop()) publish();
  }

  std::optional<Message> take() {
    auto message = consumer_.front();
    reading_ = message.has_value();
    if (!reading_) publish();
    return message;
  }

  void publish() {
    if (consumer_.publish() && waits()) incoming_.room_there.ring();
  }

  /// Told to a peer that yields: only it can use it.
  unsigned this_cpu() const {
    if (!waits() || config_.wait != Wait::yield) return RecordHeader::kNoCpu;
    return static_cast<unsigned>(::sched_getcpu());
  }

  Patience patience(Deadline deadline) const {
    const unsigned peer_cpu = consumer_.producer_cpu();
    const bool here = peer_cpu != RecordHeader::kNoCpu && peer_cpu == this_cpu();
    return {config_.wait, deadline, lifeline_, side_, here, channel_};
  }

  Lane& outgoing_;
  Lane& incoming_;
  Producer producer_;
  Consumer consumer_;
  bool reading_ = false;  ///< the message at the front has been handed out
  const LinkConfig config_;
  const Side side_;
  const Lifeline& lifeline_;
  const std::string_view channel_;
  Buffer lent_;
};

/// Both lanes in one segment, and the ends over them.
template <class AnyBell>
class RingLink final : public Link {
 public:
  /// `scope_of(lane)` is what the bells of lane 0 (to the worker) or 1 are made from.
  template <class ScopeOf>
  RingLink(const LinkConfig& config, std::string_view channel, ScopeOf&& scope_of)
      : RingLink(config, {Ring::bytes_for(config.capacity, kMaxHeadBytes + config.max_payload_bytes)}, channel,
                 scope_of) {}

  /// With rings of a size that does not follow from `config`.
  template <class ScopeOf>
  RingLink(const LinkConfig& config, RingSize size, std::string_view channel, ScopeOf&& scope_of)
      : ring_size_(size),
        lifeline_(config.sides, channel),
        segment_(channel, 2 * lane_bytes()),
        to_worker_(make_lane(0, scope_of)),
        to_submitter_(make_lane(1, scope_of)),
        submitter_(to_worker_, to_submitter_, config, Side::submitter, lifeline_, channel),
        worker_(to_submitter_, to_worker_, config, Side::worker, lifeline_, channel) {}

  End& end(Side side) override { return side == Side::submitter ? submitter_ : worker_; }
  void keep(Side side) override {
    lifeline_.keep(side);
    segment_.populate_here();
  }

 private:
  using Lane = RingLane<AnyBell>;
  static_assert(std::is_trivially_destructible_v<Lane>, "lives in raw shared memory");
  static_assert(sizeof(Lane) % kPadding == 0);

  template <class ScopeOf>
  Lane& make_lane(std::size_t number, ScopeOf& scope_of) {
    std::byte* const place = segment_.data() + number * lane_bytes();
    return *new (place) Lane(scope_of(number), place + sizeof(Lane), ring_size_);
  }

  /// Whole paddings, so that the second lane is aligned as the first is.
  std::size_t lane_bytes() const { return sizeof(Lane) + (ring_size_.bytes + kPadding - 1) / kPadding * kPadding; }

  const RingSize ring_size_;
  Lifeline lifeline_;
  Segment segment_;
  Lane& to_worker_;
  Lane& to_submitter_;
  RingEnd<AnyBell> submitter_;
  RingEnd<AnyBell> worker_;
};

}  // namespace mpmt::ipc
