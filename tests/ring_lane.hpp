// A ring and its two bells, used as a link's ends use them (ipc/ring_end.hpp), for the model checker.
#pragma once

#include <array>
#include <cstring>
#include <vector>

#include "interleavings.hpp"
#include "ipc/ring.hpp"

namespace mpmt::tests::model {

/// What a ring is made for.
struct Shape {
  std::size_t capacity = 1;
  std::size_t max_message_bytes = 56;
  std::size_t laziness = 0;
  std::uint64_t first = 0;
};

template <Shape shape, class AnyMemory = Memory>
struct Lane {
  using MemoryType = AnyMemory;
  static constexpr std::size_t kBytes =
      ipc::BasicRing<AnyMemory>::bytes_for(shape.capacity, shape.max_message_bytes, shape.laziness);

  BasicBell<AnyMemory> message_there{FutexScope::one_process};
  BasicBell<AnyMemory> room_there{FutexScope::one_process};
  alignas(kCacheLine) std::byte records[kBytes] = {};
  ipc::BasicRing<AnyMemory> ring{records, kBytes, shape.laziness, shape.first};
};

/// Byte `at` of message `number`: no two messages have one in common, and none is 0.
inline std::byte byte_of(std::size_t number, std::size_t at) {
  return static_cast<std::byte>((number % 15 + 1) << 4 | at % 16);
}

/// A message whose first bytes are its head.
struct TestMessage {
  TestMessage(std::size_t number, std::size_t size) : bytes(size) {
    for (std::size_t at = 0; at < size; ++at) bytes[at] = byte_of(number, at);
  }
  ipc::Message message() const {
    const std::span<const std::byte> all(bytes);
    const auto head = std::min<std::size_t>(8, all.size());
    return {all.first(head), all.subspan(head)};
  }
  std::vector<std::byte> bytes;
};

/// Whether the message is TestMessage(number, size).
inline bool is_message(const ipc::Message& message, std::size_t number, std::size_t size) {
  std::size_t at = 0;
  for (const auto part : {message.head, message.payload}) {
    for (const auto byte : part) {
      if (byte != byte_of(number, at++)) return false;
    }
  }
  return at == size;
}

/// Head and payload, which lie one after the other in a ring.
inline std::span<const std::byte> bytes_of(const ipc::Message& message) {
  return {message.head.data(), message.head.size() + message.payload.size()};
}

/// How a side waits.
enum class Waiting { sleeping, spinning };

/// What a side forgets to do.
enum class Slip { none, ring_for_message, ring_for_room, read_before_release };

/// The producing half of a RingEnd.
template <class AnyLane>
class Sender {
 public:
  explicit Sender(AnyLane& lane, Waiting waiting = Waiting::sleeping, Slip slip = Slip::none)
      : lane_(lane), waiting_(waiting), slip_(slip) {}

  void send(std::size_t number, std::size_t size) {
    const TestMessage message(number, size);
    const auto push = [&] { return this->push(message.message()); };
    if (waiting_ == Waiting::spinning) {
      spin_until(push);
    } else if (!push()) {
      do {
        forget_all_but(2 * number);
      } while (!lane_.room_there.sleep_unless(push, std::nullopt) && !push());
    }
    forget_all_but(2 * number + 1);
  }

 private:
  bool push(const ipc::Message& message) {
    if (!producer_.try_push(message)) return false;
    if (waiting_ == Waiting::sleeping && slip_ != Slip::ring_for_message) lane_.message_there.ring();
    return true;
  }

  void forget_all_but(std::size_t where) const {
    std::uint64_t words[4];
    static_assert(sizeof words == sizeof producer_);
    std::memcpy(words, &producer_, sizeof words);
    local_state({where, words[0], words[1], words[2], words[3]});
  }

  AnyLane& lane_;
  const Waiting waiting_;
  const Slip slip_;
  ipc::BasicProducer<typename AnyLane::MemoryType> producer_{lane_.ring};
};

/// The consuming half of a RingEnd.
template <class AnyLane>
class Receiver {
 public:
  explicit Receiver(AnyLane& lane, Waiting waiting = Waiting::sleeping, Slip slip = Slip::none)
      : lane_(lane), waiting_(waiting), slip_(slip) {}

  void receive(std::size_t number, std::size_t size) {
    release();
    std::optional<ipc::Message> message;
    const auto take = [&] { return (message = this->take()).has_value(); };
    if (waiting_ == Waiting::spinning) {
      spin_until(take);
    } else if (!take()) {
      do {
        forget_all_but(2 * number);
      } while (!lane_.message_there.sleep_unless(take, std::nullopt) && !take());
    }
    if (slip_ == Slip::read_before_release) release();
    read(bytes_of(*message));
    require(is_message(*message, number, size), "not the message that was sent");
    read(bytes_of(*message));
    require(is_message(*message, number, size), "the message has changed while it was read");
    forget_all_but(2 * number + 1);
  }

 private:
  void release() {
    if (!reading_) return;
    reading_ = false;
    if (consumer_.pop()) publish();
  }

  std::optional<ipc::Message> take() {
    auto message = consumer_.front();
    reading_ = message.has_value();
    if (!reading_) publish();
    return message;
  }

  void publish() {
    const bool news = consumer_.publish();
    if (news && waiting_ == Waiting::sleeping && slip_ != Slip::ring_for_room) lane_.room_there.ring();
  }

  void forget_all_but(std::size_t where) const {
    std::uint64_t words[5];
    static_assert(sizeof words + sizeof(std::uint64_t) == sizeof consumer_, "and the producer's CPU");
    std::memcpy(words, &consumer_, sizeof words);
    local_state({where, reading_, words[0], words[1], words[2], words[3], words[4]});
  }

  AnyLane& lane_;
  const Waiting waiting_;
  const Slip slip_;
  ipc::BasicConsumer<typename AnyLane::MemoryType> consumer_{lane_.ring};
  bool reading_ = false;
};

/// One side sends messages of these sizes, the other receives them.
template <class AnyLane>
Exploration explore_messages(const std::vector<std::size_t>& sizes, Waiting waiting = Waiting::sleeping,
                             Slip slip = Slip::none) {
  return explore<AnyLane>({[&](AnyLane& lane) {
                             Sender<AnyLane> sender(lane, waiting, slip);
                             for (std::size_t i = 0; i < sizes.size(); ++i) sender.send(i, sizes[i]);
                           },
                           [&](AnyLane& lane) {
                             Receiver<AnyLane> receiver(lane, waiting, slip);
                             for (std::size_t i = 0; i < sizes.size(); ++i) receiver.receive(i, sizes[i]);
                           }});
}

}  // namespace mpmt::tests::model
