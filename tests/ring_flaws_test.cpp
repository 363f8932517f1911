// What the model checker is worth: rings with one thing wrong, each of which it must find.
#include <gtest/gtest.h>

#include "exploration_checks.hpp"
#include "ring_lane.hpp"

namespace mpmt::tests::model {

/// What is wrong with a producer.
enum class Flaw {
  none,
  publishes_without_release,    ///< the header may be seen before the bytes
  clears_after_publishing,      ///< old bytes may be taken for the header that follows
  never_clears,                 ///< likewise
  marks_before_publishing,      ///< the consumer goes on at the start before there is a record
  forgets_the_header_to_come,   ///< clearing it destroys a record that has not been read
  forgets_what_is_left_unused,  ///< there is less room than it thinks
  compares_positions_by_size,   ///< breaks when they wrap round
};

/// Memory whose rings have this producer.
template <Flaw>
struct Flawed : Memory {};

}  // namespace mpmt::tests::model

namespace mpmt::ipc {

/// A copy of the producer, with room for flaws.
template <tests::model::Flaw flaw>
class BasicProducer<tests::model::Flawed<flaw>> {
  using Flaw = tests::model::Flaw;

 public:
  using Ring = BasicRing<tests::model::Flawed<flaw>>;

  explicit BasicProducer(Ring& ring) : ring_(ring), next_{ring.first_}, consumed_(ring.first_) {}

  bool try_push(const Message& message) {
    const std::size_t size = Ring::record_bytes(message.head.size() + message.payload.size());
    const std::size_t left = ring_.bytes_ - next_.offset;
    const std::size_t unused = size <= left ? 0 : left;
    if (!has_room((flaw == Flaw::forgets_what_is_left_unused ? 0 : unused) + size +
                  (flaw == Flaw::forgets_the_header_to_come ? 0 : kCacheLine))) {
      return false;
    }
    auto place = next_;
    if (unused > 0) place = ring_.after(next_, unused);
    std::byte* const bytes = ring_.records_ + place.offset + Ring::kHeaderBytes;
    std::ranges::copy(message.payload, std::ranges::copy(message.head, bytes).out);
    const auto following = ring_.after(place, size);
    const auto clear = [&] { ring_.header(following.offset).store(0, std::memory_order_relaxed); };
    const auto mark = [&] {
      if (unused > 0) {
        ring_.header(next_.offset).store(RecordHeader::kThere | RecordHeader::kGoOnAtStart, std::memory_order_release);
      }
    };
    if (flaw != Flaw::clears_after_publishing && flaw != Flaw::never_clears) clear();
    if (flaw == Flaw::marks_before_publishing) mark();
    const auto word = RecordHeader::encode(message.head.size(), message.payload.size(), RecordHeader::kNoCpu);
    ring_.header(place.offset)
        .store(word, flaw == Flaw::publishes_without_release ? std::memory_order_relaxed : std::memory_order_release);
    if (flaw == Flaw::clears_after_publishing) clear();
    if (flaw != Flaw::marks_before_publishing) mark();
    next_ = following;
    return true;
  }

 private:
  bool has_room(std::size_t wanted) {
    if (is_free(wanted)) return true;
    consumed_ = ring_.consumed_.load(std::memory_order_acquire);
    return is_free(wanted);
  }
  bool is_free(std::size_t wanted) const {
    if (flaw == Flaw::compares_positions_by_size) return next_.position + wanted <= consumed_ + ring_.bytes_;
    return ring_.bytes_ - (next_.position - consumed_) >= wanted;
  }

  Ring& ring_;
  typename Ring::Place next_;
  std::uint64_t consumed_;
};

}  // namespace mpmt::ipc

namespace mpmt::tests::model {
namespace {

constexpr auto kNotTheMessage = "thread 1: not the message that was sent";
constexpr Shape kOneLine{};
constexpr Shape kTwoLines{.max_message_bytes = 120};
constexpr Shape kWrapping{.max_message_bytes = 120, .first = ~std::uint64_t{0} - 320 + 1};

/// By default: in the second round records begin where old bytes lie, and a mark is needed.
template <Flaw flaw, Shape shape = kTwoLines>
Exploration explore_flaw(const std::vector<std::size_t>& sizes = {56, 120, 120, 56, 120, 120}) {
  return explore_messages<Lane<shape, Flawed<flaw>>>(sizes, Waiting::spinning);
}

TEST(RingFlaws, the_copy_of_the_producer_has_none) {
  expect_sound(explore_flaw<Flaw::none, kWrapping>());
}

TEST(RingFlaws, publishing_without_release_is_caught) {
  expect_caught(explore_flaw<Flaw::publishes_without_release>(), kNotTheMessage);
}

/// In the second round the header to come lies where a message of the first one had its header.
TEST(RingFlaws, not_clearing_the_header_to_come_before_publishing_is_caught) {
  const std::vector<std::size_t> sizes(6, 56);
  expect_caught(explore_flaw<Flaw::clears_after_publishing, kOneLine>(sizes), kNotTheMessage);
  expect_caught(explore_flaw<Flaw::never_clears, kOneLine>(sizes), kNotTheMessage);
}

TEST(RingFlaws, a_mark_before_its_record_is_caught) {
  expect_caught(explore_flaw<Flaw::marks_before_publishing>(), kNotTheMessage);
}

TEST(RingFlaws, overestimating_the_room_is_caught) {
  expect_caught(explore_flaw<Flaw::forgets_the_header_to_come, kOneLine>({56, 56, 56, 56}), "deadlock");
  expect_caught(explore_flaw<Flaw::forgets_what_is_left_unused>({56, 56, 120, 120, 120}), "deadlock");
}

TEST(RingFlaws, comparing_positions_by_size_is_caught) {
  expect_sound(explore_flaw<Flaw::compares_positions_by_size>());
  expect_caught(explore_flaw<Flaw::compares_positions_by_size, kWrapping>(), "deadlock");
}

TEST(RingFlaws, who_does_not_wake_the_other_side_is_caught) {
  const std::vector<std::size_t> sizes(4, 56);  // one more than there is room for
  expect_caught(explore_messages<Lane<kOneLine>>(sizes, Waiting::sleeping, Slip::ring_for_message), "deadlock");
  expect_caught(explore_messages<Lane<kOneLine>>(sizes, Waiting::sleeping, Slip::ring_for_room), "deadlock");
}

TEST(RingFlaws, reading_after_release_is_caught) {
  const std::vector<std::size_t> sizes{120, 56, 56, 56, 56, 56, 56};  // the last one lies where the first one lay
  expect_caught(explore_messages<Lane<kTwoLines>>(sizes, Waiting::spinning, Slip::read_before_release),
                "thread 1: the message has changed");
}

TEST(RingFlaws, a_ring_too_small_for_its_messages_is_caught) {
  using Tiny = Lane<Shape{.capacity = 0, .max_message_bytes = 56}>;  // three records: never two messages at once
  expect_sound(explore_messages<Tiny>({56, 56, 56}));
  expect_caught(explore_messages<Tiny>({56, 185}), "deadlock");
}

template <std::size_t thread>
struct LaneWithoutFence {
  struct NoFence : Memory {
    static void fence() {
      if (this_thread() != thread) Memory::fence();
    }
  };
  using Type = Lane<Shape{}, NoFence>;
};

TEST(RingFlaws, a_side_without_fences_is_caught) {
  expect_caught(explore_messages<LaneWithoutFence<0>::Type>({56}), "deadlock");
  expect_caught(explore_messages<LaneWithoutFence<1>::Type>({56}), "deadlock");
}

}  // namespace
}  // namespace mpmt::tests::model
