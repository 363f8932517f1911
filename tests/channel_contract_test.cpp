// What every channel promises (ipc/channel.hpp), between threads and between processes, over the catalogue: its
// description, and links of trying calls.
#include <gtest/gtest.h>

#include <deque>

#include "channel_sides.hpp"

namespace mpmt::tests {
namespace {

using ipc::End;
using ipc::kMaxHeadBytes;
using ipc::Message;
using ipc::Side;

class EveryChannel : public ChannelTest {};

/// Sends messages 0 to count - 1 and expects the same from the other side, at once, never waiting.
void exchange(End& end, const Script& script, std::size_t count) {
  const Deadline deadline = soon();
  std::size_t sent = 0;
  std::size_t received = 0;
  while (sent < count || received < count) {
    bool moved = false;
    if (sent < count && end.try_send(script.message(sent))) {
      ++sent;
      moved = true;
    }
    if (const auto message = received < count ? end.try_receive() : std::nullopt) {
      script.expect(received++, *message);
      moved = true;
    }
    if (moved) continue;
    require(Clock::now() < deadline, text("stuck with ", sent, " sent and ", received, " received"));
    std::this_thread::yield();
  }
}

TEST_P(EveryChannel, is_described_in_full) {
  for (const auto line : {channel().name, channel().summary, channel().when_a_side_is_killed}) {
    EXPECT_FALSE(line.empty());
    EXPECT_EQ(line.find('\n'), std::string_view::npos);
  }
  EXPECT_GE(channel().default_capacity, 1U);
  EXPECT_GE(channel().max_payload_bytes, 1U);
  EXPECT_EQ(channel().copies_per_message == 0, channel().by_reference);
}

TEST_P(EveryChannel, messages_arrive_whole_once_and_in_order) {
  constexpr std::size_t count = 10'000;
  const auto link = connect();
  OtherSide other(*link, sides(), [&](End& end) { exchange(end, script_, count); });
  exchange(link->end(Side::submitter), script_, count);
  EXPECT_EQ(other.finish(), "");
  EXPECT_FALSE(link->end(Side::submitter).try_receive()) << "more arrived than was sent";
}

TEST_P(EveryChannel, a_full_channel_refuses_and_takes_again_below_its_capacity) {
  constexpr std::size_t capacity = 5;
  const auto link = connect(capacity);
  for (const auto& [from, to] : {std::pair(Side::submitter, Side::worker), std::pair(Side::worker, Side::submitter)}) {
    End& sender = link->end(from);
    End& receiver = link->end(to);
    std::size_t sent = 0;
    std::size_t received = 0;
    while (sent < 1'000'000 && sender.try_send(script_.message(sent))) ++sent;
    ASSERT_GE(sent, capacity);
    ASSERT_LT(sent, 1'000'000U) << "it is not bounded";
    EXPECT_FALSE(sender.try_send(script_.message(sent)));
    while (sent - received >= capacity) {
      const auto message = receiver.try_receive();
      ASSERT_TRUE(message.has_value());
      EXPECT_TRUE(script_.is(received++, *message));
    }
    EXPECT_TRUE(sender.try_send(script_.message(sent++))) << "fewer in flight than its capacity";
    while (const auto message = receiver.try_receive()) EXPECT_TRUE(script_.is(received++, *message));
    EXPECT_EQ(received, sent);
  }
}

TEST_P(EveryChannel, there_is_always_room_below_the_capacity) {
  std::mt19937 random(11);
  for (const std::size_t capacity : {1U, 2U, 3U, 7U, 64U}) {
    const auto link = if_allowed([&] { return connect(capacity); });
    if (!link) GTEST_SKIP() << refusal_;
    End& sender = link->end(Side::submitter);
    End& receiver = link->end(Side::worker);
    std::size_t sent = 0;
    std::size_t received = 0;
    for (int turn = 0; turn < 200; ++turn) {
      for (auto more = random() % (capacity - (sent - received) + 1); more > 0; --more) {
        ASSERT_TRUE(sender.try_send(script_.message(sent))) << sent - received << " of " << capacity;
        ++sent;
      }
      for (auto fewer = random() % (sent - received + 1); fewer > 0; --fewer) {
        const auto message = receiver.try_receive();
        ASSERT_TRUE(message.has_value());
        ASSERT_TRUE(script_.is(received++, *message));
      }
    }
  }
}

TEST_P(EveryChannel, an_empty_channel_has_nothing) {
  const auto link = connect();
  for (const auto side : {Side::submitter, Side::worker}) EXPECT_FALSE(link->end(side).try_receive());
  ASSERT_TRUE(link->end(Side::submitter).try_send(script_.message(3)));
  EXPECT_FALSE(link->end(Side::submitter).try_receive()) << "a side received its own message";
  EXPECT_TRUE(link->end(Side::worker).try_receive());
  EXPECT_FALSE(link->end(Side::worker).try_receive()) << "a message arrived twice";
}

void expect_too_long(const std::function<void()>& call, std::size_t limit, std::string_view channel) {
  try {
    call();
    FAIL() << "was accepted";
  } catch (const std::length_error& refusal) {
    const std::string what = refusal.what();
    EXPECT_NE(what.find(std::to_string(limit)), std::string::npos) << what;
    EXPECT_NE(what.find(channel), std::string::npos) << what;
  }
}

TEST_P(EveryChannel, what_is_too_large_is_refused_with_the_limit_and_does_no_harm) {
  constexpr std::size_t limit = 100;
  const std::vector<std::byte> bytes(limit + 1);
  const auto some = [&](std::size_t size) { return std::span(bytes).first(size); };
  for (const bool waits : {false, true}) {
    const auto link = waits ? connect_waiting(2, limit) : connect(2, limit);
    End& end = link->end(Side::submitter);
    End& worker = link->end(Side::worker);
    const auto send = [&](const Message& message) { return waits ? end.send(message, soon()) : end.try_send(message); };
    const auto receive = [&](Deadline deadline) { return waits ? worker.receive(deadline) : worker.try_receive(); };
    expect_too_long([&] { send({some(kMaxHeadBytes + 1), {}}); }, kMaxHeadBytes, channel().name);
    expect_too_long([&] { send({{}, some(limit + 1)}); }, limit, channel().name);
    EXPECT_FALSE(receive(Clock::now()));
    ASSERT_TRUE(send({some(kMaxHeadBytes), some(limit)}));
    const auto message = receive(soon());
    ASSERT_TRUE(message.has_value());
    EXPECT_EQ(message->head.size(), kMaxHeadBytes);
    EXPECT_EQ(message->payload.size(), limit);
  }
}

TEST_P(EveryChannel, an_impossible_link_is_refused_with_the_limit) {
  const auto limit = channel().max_payload_bytes;
  const Footprint before;
  expect_too_long([&] { connect(1, limit + 1); }, limit, channel().name);
  expect_too_long([&] { connect(0, 1); }, 1, channel().name);
  EXPECT_EQ(footprint_after(before), before);
}

TEST_P(EveryChannel, buffers_lent_in_turn_do_not_touch_messages_in_flight) {
  for (const std::size_t capacity : {1U, 4U}) {
    const auto link = connect(capacity);
    End& end = link->end(Side::submitter);
    End& worker = link->end(Side::worker);
    std::deque<std::size_t> in_flight;
    std::optional<Message> being_read;
    std::size_t read = 0;
    std::mt19937 random(13);
    for (std::size_t number = 0; number < 500; ++number) {
      const auto wanted = script_.message(number);
      const auto lent = end.lend(wanted.payload.size());
      ASSERT_EQ(lent.size(), wanted.payload.size());
      std::ranges::copy(wanted.payload, lent.begin());
      ASSERT_TRUE(!being_read || script_.is(read, *being_read)) << "message " << read << " changed while it was read";
      ASSERT_TRUE(end.try_send({wanted.head, lent}));
      in_flight.push_back(number);
      while (in_flight.size() == capacity || (!in_flight.empty() && random() % 2 == 0)) {
        being_read = worker.try_receive();
        ASSERT_TRUE(being_read.has_value());
        read = in_flight.front();
        ASSERT_TRUE(script_.is(read, *being_read)) << "message " << read << " changed in flight";
        in_flight.pop_front();
      }
    }
  }
}

TEST_P(EveryChannel, a_lent_buffer_may_be_sent_more_than_once) {
  const auto link = connect(2);
  End& end = link->end(Side::submitter);
  const auto lent = end.lend(1000);
  std::ranges::copy(script_.message(0).head, lent.begin());
  std::ranges::fill(lent, std::byte{9});
  for (std::size_t i = 0; i < 50; ++i) {
    ASSERT_TRUE(end.try_send({script_.message(i).head, lent.first(1000 - i)}));
    const auto message = link->end(Side::worker).try_receive();
    ASSERT_TRUE(message.has_value());
    EXPECT_EQ(message->payload.size(), 1000 - i);
    EXPECT_TRUE(std::ranges::all_of(message->payload, [](std::byte b) { return b == std::byte{9}; }));
  }
}

TEST_P(EveryChannel, what_was_lent_stays_as_it_is_whatever_else_is_sent) {
  const auto link = connect(2);
  End& end = link->end(Side::submitter);
  End& worker = link->end(Side::worker);
  const auto all_are = [](std::span<const std::byte> bytes, std::byte wanted) {
    return std::ranges::all_of(bytes, [&](std::byte b) { return b == wanted; });
  };
  const auto lent = end.lend(1000);
  std::ranges::fill(lent, std::byte{9});
  const std::vector<std::byte> other(500, std::byte{7});
  std::size_t sent = 0;
  while (end.try_send({{}, other})) ++sent;  // the last one is refused
  for (; sent > 0; --sent) {
    const auto message = worker.try_receive();
    ASSERT_TRUE(message.has_value());
    EXPECT_TRUE(all_are(message->payload, std::byte{7}));
  }
  EXPECT_TRUE(all_are(lent, std::byte{9}));
  std::ranges::fill(lent.first(10), std::byte{5});
  for (int times = 0; times < 2; ++times) {
    ASSERT_TRUE(end.try_send({{}, lent.subspan(10)}));
    const auto message = worker.try_receive();
    ASSERT_TRUE(message.has_value());
    EXPECT_EQ(message->payload.size(), 990U);
    EXPECT_TRUE(all_are(message->payload, std::byte{9})) << times;
  }
}

INSTANTIATE_TEST_SUITE_P(threads, EveryChannel, ::testing::ValuesIn(channels_between(ipc::Sides::threads)), name_of);
INSTANTIATE_TEST_SUITE_P(processes, EveryChannel, ::testing::ValuesIn(channels_between(ipc::Sides::processes)),
                         name_of);

}  // namespace
}  // namespace mpmt::tests
