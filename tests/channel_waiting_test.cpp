// What every channel promises of links of waiting calls (ipc/channel.hpp), over the catalogue, the sides, the ways to
// wait and the kinds of futexes.
#include <gtest/gtest.h>
#include <sched.h>

#include <random>

#include "base/cpus.hpp"
#include "channel_sides.hpp"

namespace mpmt::tests {
namespace {

using ipc::Message;
using ipc::PeerGone;
using ipc::Side;
using ipc::WaitingEnd;
using std::chrono::microseconds;
using std::chrono::milliseconds;

/// Mostly short, now and then long enough for a peer that waits to fall asleep. Gives up the CPU meanwhile.
class Pauses {
 public:
  explicit Pauses(unsigned seed) : random_(seed) {}

  void maybe(bool wanted) {
    if (!wanted) return;
    const auto draw = random_() % 20;
    const microseconds length(draw == 0 ? 1500 : draw < 8 ? random_() % 150 : 0);
    for (const auto start = Clock::now(); since(start) < length;) ::sched_yield();
  }

 private:
  std::mt19937 random_;
};

/// Messages [first, last) in thirds: a slow sender, for whom the receiver has to wait; a slow receiver; both at times.
struct Stretch {
  std::size_t first;
  std::size_t last;

  std::size_t third_of(std::size_t number) const { return 3 * (number - first) / (last - first); }
  bool sender_pauses(std::size_t number) const { return third_of(number) != 1; }
  bool receiver_pauses(std::size_t number) const { return third_of(number) != 0; }
};

/// Every other payload is built in a buffer that the channel lends.
void send_all(WaitingEnd& end, const Script& script, Stretch stretch) {
  Pauses pauses(1);
  for (auto number = stretch.first; number < stretch.last; ++number) {
    pauses.maybe(stretch.sender_pauses(number));
    auto message = script.message(number);
    if (number % 2 == 1) {
      const auto lent = end.lend(message.payload.size());
      std::ranges::copy(message.payload, lent.begin());
      message.payload = lent;
    }
    require(end.send(message, soon()), text("message ", number, " found no room"));
  }
}

void receive_all(WaitingEnd& end, const Script& script, Stretch stretch) {
  Pauses pauses(2);
  for (auto number = stretch.first; number < stretch.last; ++number) {
    const auto message = end.receive(soon());
    require(message.has_value(), text("message ", number, " did not come"));
    pauses.maybe(stretch.receiver_pauses(number));  // its bytes stay as they are
    script.expect(number, *message);
  }
}

/// Pins the calling thread, and gives it back what it had.
class Pinned {
 public:
  explicit Pinned(int cpu) {
    ::sched_getaffinity(0, sizeof former_, &former_);
    pin_to(cpu);
  }
  ~Pinned() { ::sched_setaffinity(0, sizeof former_, &former_); }
  Pinned(const Pinned&) = delete;
  Pinned& operator=(const Pinned&) = delete;

 private:
  cpu_set_t former_;
};

class EveryWaitingLink : public ChannelTest {
 protected:
  /// Fewer where sides that share a CPU take a scheduler's time slice for each message.
  std::size_t count(std::size_t usual) const { return GetParam().wait == Wait::spin ? usual / 10 : usual; }
};

TEST_P(EveryWaitingLink, messages_arrive_whole_once_and_in_order_whoever_has_to_wait) {
  const Stretch there{0, count(300)};
  const Stretch back{there.last, 2 * there.last};
  for (const std::size_t capacity : {1U, 2U, 8U}) {
    const auto link = connect_waiting(capacity);
    WaitingEnd& end = link->end(Side::submitter);
    OtherSide other(*link, sides(), [&](WaitingEnd& worker) {
      receive_all(worker, script_, there);
      send_all(worker, script_, back);
    });
    send_all(end, script_, there);
    receive_all(end, script_, back);
    EXPECT_EQ(other.finish(), "");
  }
}

/// Sends as many as the channel holds, or fewer, and receives as many: neither side ever waits for a waiting one.
void converse(WaitingEnd& end, const Script& script, std::size_t capacity, std::size_t bursts) {
  std::mt19937 sizes(3);
  std::size_t number = 0;
  for (std::size_t burst = 0; burst < bursts; ++burst) {
    const Stretch stretch{number, number + 1 + sizes() % capacity};
    send_all(end, script, stretch);
    receive_all(end, script, stretch);
    number = stretch.last;
  }
}

TEST_P(EveryWaitingLink, messages_cross_in_both_directions_at_once) {
  const Script small(64);
  for (const std::size_t capacity : {1U, 8U}) {
    const auto link = connect_waiting(capacity);
    OtherSide other(*link, sides(), [&](WaitingEnd& worker) { converse(worker, small, capacity, count(200)); });
    converse(link->end(Side::submitter), small, capacity, count(200));
    EXPECT_EQ(other.finish(), "");
  }
}

TEST_P(EveryWaitingLink, sides_on_one_cpu_and_on_two_reach_each_other) {
  const auto cpus = usable_cpus().cpus;
  const Pinned pinned(cpus.front());
  for (const int second : {cpus.front(), cpus.back()}) {
    const auto link = connect_waiting(1);
    const auto rounds = count(200);
    OtherSide other(*link, sides(), [&](WaitingEnd& worker) {
      pin_to(second);
      for (std::size_t i = 0; i < rounds; ++i) {
        receive_all(worker, script_, {i, i + 1});
        send_all(worker, script_, {i, i + 1});
      }
    });
    for (std::size_t i = 0; i < rounds; ++i) {
      send_all(link->end(Side::submitter), script_, {i, i + 1});
      receive_all(link->end(Side::submitter), script_, {i, i + 1});
    }
    EXPECT_EQ(other.finish(), "");
  }
}

/// Sends until there is no room; how many were taken. `broke`: a deadline passed in mid-message, an error that a
/// channel of bytes may report at any deadline.
struct Filled {
  static constexpr std::size_t kEndless = 10'000'000;
  std::size_t sent = 0;
  bool broke = false;

  template <class Send>
  Filled(std::string_view channel, Send&& send) {
    try {
      while (sent < kEndless && send(sent)) ++sent;
      EXPECT_LT(sent, kEndless) << "it is not bounded";
    } catch (const std::runtime_error& failure) {
      EXPECT_EQ(dynamic_cast<const PeerGone*>(&failure), nullptr) << failure.what();
      EXPECT_NE(std::string_view(failure.what()).find(channel), std::string_view::npos) << failure.what();
      broke = true;
    }
  }
};

TEST_P(EveryWaitingLink, a_deadline_is_waited_for_and_a_passed_one_ends_the_wait) {
  const Script tiny(16);
  const auto link = connect_waiting(2);
  WaitingEnd& end = link->end(Side::submitter);
  WaitingEnd& worker = link->end(Side::worker);
  for (const milliseconds patience : {milliseconds(-5), milliseconds(0), milliseconds(30), milliseconds(130)}) {
    const Deadline deadline = Clock::now() + patience;
    EXPECT_FALSE(end.receive(deadline));
    EXPECT_GE(Clock::now(), deadline) << "gave up early";
  }
  const Filled filled(channel().name, [&](std::size_t number) { return end.send(tiny.message(number), Clock::now()); });
  EXPECT_GE(filled.sent, 2U) << "a message was refused though there was room";
  auto sent = filled.sent;
  auto broke = filled.broke;
  if (!broke) {
    // Where the kernel adapts its buffers, as TCP's, it may find more room in one that was full.
    const Filled later(channel().name, [&](std::size_t number) {
      const Deadline deadline = Clock::now() + milliseconds(30);
      const bool taken = end.send(tiny.message(sent + number), deadline);
      EXPECT_TRUE(taken || Clock::now() >= deadline) << "gave up early";
      return taken;
    });
    sent += later.sent;
    broke = later.broke;
  }
  for (std::size_t received = 0; received < sent; ++received) {
    const auto message = worker.receive(Clock::now());
    ASSERT_TRUE(message.has_value()) << "message " << received << " of " << sent << " was there, or ought to be";
    ASSERT_TRUE(tiny.is(received, *message)) << received;
  }
  if (broke) return;  // the link is of no use any more
  EXPECT_FALSE(worker.receive(Clock::now())) << "a message that was refused arrived";
}

TEST_P(EveryWaitingLink, a_deadline_in_mid_message_is_an_error_or_nothing_was_sent) {
  const auto large = largest_payload(std::size_t{1} << 20);
  const Script script(large);
  const auto link = connect_waiting(1, large);
  WaitingEnd& end = link->end(Side::submitter);
  const Filled filled(channel().name, [&](std::size_t number) {
    return end.send(script.message(number, large), Clock::now() + milliseconds(20));
  });
  for (std::size_t received = 0; received < filled.sent; ++received) {
    const auto message = link->end(Side::worker).receive(soon());
    ASSERT_TRUE(message && Script::same(script.message(received, large), *message)) << received;
  }
  if (filled.broke) return;  // the link is of no use any more
  EXPECT_FALSE(link->end(Side::worker).receive(Clock::now())) << "half of a message is on its way";
  ASSERT_TRUE(end.send(script.message(7, 8), soon()));
  const auto message = link->end(Side::worker).receive(soon());
  EXPECT_TRUE(message && Script::same(script.message(7, 8), *message));
}

TEST_P(EveryWaitingLink, messages_larger_than_what_the_channel_holds_arrive_whole) {
  const auto largest = largest_payload(std::size_t{2} << 20);
  const Script large(largest);
  for (const std::size_t capacity : {1U, 2U}) {
    const auto link = connect_waiting(capacity, largest);
    const Stretch there{0, std::max<std::size_t>(9, count(60))};
    const Stretch back{there.last, 2 * there.last};
    OtherSide other(*link, sides(), [&](WaitingEnd& worker) {
      receive_all(worker, large, there);
      send_all(worker, large, back);
    });
    send_all(link->end(Side::submitter), large, there);
    receive_all(link->end(Side::submitter), large, back);
    EXPECT_EQ(other.finish(), "");
  }
}

TEST_P(EveryWaitingLink, payloads_up_to_the_channels_limit_arrive_both_ways) {
  const auto limit = std::min<std::size_t>(channel().max_payload_bytes, std::size_t{16} << 20);
  const Script script(limit);
  const auto link = if_allowed([&] { return connect_waiting(1, limit); });
  if (!link) GTEST_SKIP() << refusal_;
  const auto expect = [&](WaitingEnd& end) {
    const auto message = end.receive(soon());
    require(message && Script::same(script.message(64, limit), *message), "the payload did not arrive, or is damaged");
  };
  OtherSide other(*link, sides(), [&](WaitingEnd& worker) {
    expect(worker);
    require(worker.send(script.message(64, limit), soon()), "no room");
  });
  WaitingEnd& end = link->end(Side::submitter);
  const auto wanted = script.message(64, limit);
  const auto lent = end.lend(limit);
  std::memcpy(lent.data(), wanted.payload.data(), limit);
  EXPECT_TRUE(end.send({wanted.head, lent}, soon()));
  expect(end);
  EXPECT_EQ(other.finish(), "");
}

INSTANTIATE_TEST_SUITE_P(threads, EveryWaitingLink, ::testing::ValuesIn(waiting_channels_between(ipc::Sides::threads)),
                         full_name_of);
INSTANTIATE_TEST_SUITE_P(processes, EveryWaitingLink,
                         ::testing::ValuesIn(waiting_channels_between(ipc::Sides::processes)), full_name_of);

}  // namespace
}  // namespace mpmt::tests
