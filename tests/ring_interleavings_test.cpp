// The ring (ipc/ring.hpp) in every interleaving of its two sides, alone and with the bells that they sleep on: all
// messages arrive, in order and whole, and nobody sleeps for ever. The rings are as small as they can be made, so that
// they are full and empty and records go round their ends; positions begin just below 2^64, so that they wrap round
// too.
#include <gtest/gtest.h>

#include <cmath>
#include <deque>

#include "exploration_checks.hpp"
#include "ring_lane.hpp"

namespace mpmt::tests::model {
namespace {

/// A position that has few bytes to go to 2^64.
constexpr std::uint64_t below_wrap(std::uint64_t bytes) {
  return ~std::uint64_t{0} - bytes + 1;
}

// Records of one line each: the ring has four, so that the fourth ends exactly where the ring ends.
constexpr Shape kSmallest{.first = below_wrap(128)};
// The consumer keeps one line to itself.
constexpr Shape kLazy{.laziness = kCacheLine, .first = below_wrap(192)};
// Records of one and two lines: some do not fit before the end of the ring, and a mark is left there.
constexpr Shape kMixed{.max_message_bytes = 120, .first = below_wrap(320)};

const std::vector<std::size_t> kShortSizes{56, 0, 56, 1, 56, 55};
const std::vector<std::size_t> kMixedSizes{56, 120, 120, 56, 57, 120};

TEST(RingInterleavings, messages_arrive_between_sides_that_spin) {
  expect_sound(explore_messages<Lane<kSmallest>>(kShortSizes, Waiting::spinning));
  expect_sound(explore_messages<Lane<kLazy>>(kShortSizes, Waiting::spinning));
  expect_sound(explore_messages<Lane<kMixed>>(kMixedSizes, Waiting::spinning));
}

TEST(RingInterleavings, messages_arrive_between_sides_that_sleep) {
  expect_sound(explore_messages<Lane<kSmallest>>({56, 0, 56, 1, 55}));
}

TEST(RingInterleavings, messages_arrive_when_the_consumer_keeps_room_to_itself) {
  expect_sound(explore_messages<Lane<kLazy>>({56, 0, 56, 1, 55}));
}

TEST(RingInterleavings, messages_arrive_when_a_mark_says_to_go_on_at_the_start) {
  expect_sound(explore_messages<Lane<kMixed>>({120, 120, 120, 57}));
}

/// A ring used by one thread, checked against a queue.
class Replay {
 public:
  explicit Replay(const Shape& shape)
      : shape_(shape),
        bytes_(ipc::Ring::bytes_for(shape.capacity, shape.max_message_bytes, shape.laziness)),
        ring_(records_, bytes_, shape.laziness, shape.first) {
    if (bytes_ > sizeof records_) throw std::logic_error("a smaller ring, please");
  }

  /// Sends a message of that size. It must find room while fewer than `capacity` wait, whatever has gone before.
  void send(std::size_t size) {
    const TestMessage message(number_, size);
    const bool sent = producer_.try_push(message.message());
    ASSERT_TRUE(sent || waiting_.size() >= shape_.capacity) << "no room for message " << number_;
    if (sent) waiting_.push_back({number_++, size});
  }

  /// As RingEnd does: the message that was read last makes room, then the next one is read.
  void receive() {
    if (reading_ && consumer_.pop()) consumer_.publish();
    const auto message = consumer_.front();
    reading_ = message.has_value();
    ASSERT_EQ(reading_, !waiting_.empty());
    if (!reading_) {
      consumer_.publish();
      return;
    }
    const auto [number, size] = waiting_.front();
    ASSERT_TRUE(is_message(*message, number, size)) << "message " << number << " has changed";
    waiting_.pop_front();
  }

 private:
  const Shape shape_;
  const std::size_t bytes_;
  alignas(kCacheLine) std::byte records_[1024] = {};
  ipc::Ring ring_;
  ipc::Producer producer_{ring_};
  ipc::Consumer consumer_{ring_};
  bool reading_ = false;
  std::size_t number_ = 0;
  std::deque<std::pair<std::size_t, std::size_t>> waiting_;
};

/// Every sequence of so many operations, of which there are as many kinds as sizes, and one.
void replay_all(const Shape& shape, const std::vector<std::size_t>& sizes, int operations) {
  const std::size_t kinds = sizes.size() + 1;
  const auto sequences = static_cast<std::size_t>(std::pow(kinds, operations));
  for (std::size_t sequence = 0; sequence < sequences; ++sequence) {
    Replay replay(shape);
    for (auto [rest, left] = std::pair{sequence, operations}; left > 0; --left, rest /= kinds) {
      if (rest % kinds < sizes.size()) {
        replay.send(sizes[rest % kinds]);
      } else {
        replay.receive();
      }
      if (testing::Test::HasFatalFailure()) FAIL() << "sequence " << sequence;
    }
  }
}

TEST(RingArithmetic, a_ring_holds_what_it_is_made_for_in_every_sequence_of_sends_and_receives) {
  for (const std::uint64_t first : {std::uint64_t{0}, below_wrap(192)}) {
    for (const std::size_t laziness : {std::size_t{0}, kCacheLine, 2 * kCacheLine}) {
      replay_all({1, 56, laziness, first}, {0, 56}, 8);
      replay_all({1, 120, laziness, first}, {56, 120}, 8);
      replay_all({2, 184, laziness, first}, {8, 121, 184}, 6);
    }
  }
}

}  // namespace
}  // namespace mpmt::tests::model
