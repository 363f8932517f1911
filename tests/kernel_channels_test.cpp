// What is particular to the channels that the kernel carries: messages in pieces, limits of the machine, and ends that
// are told of by the descriptor.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <set>

#include "channel_sides.hpp"

namespace mpmt::tests {
namespace {

using ipc::Calls;
using ipc::End;
using ipc::Message;
using ipc::Side;
using ipc::Sides;

constexpr Wait kWaits[]{Wait::block, Wait::yield, Wait::spin};

std::vector<ChannelUse> kernel_channels(Sides sides, const std::set<std::string_view>& names) {
  auto uses = channels_between(sides);
  std::erase_if(uses, [&](const ChannelUse& use) { return !names.contains(use.channel->name); });
  return uses;
}

const std::set<std::string_view> kStreams{"pipe", "unix_stream", "tcp_loopback"};
const std::set<std::string_view> kKernelChannels{"pipe",         "unix_stream", "unix_seqpacket",
                                                 "tcp_loopback", "posix_queue", "eventfd_ring"};

class KernelChannel : public ChannelTest {};

TEST_P(KernelChannel, round_trips_with_every_strategy) {
  constexpr std::size_t count = 200;
  for (const Wait wait : kWaits) {
    const auto link = connect_waiting(2, wait);
    OtherSide other(*link, sides(), [&](End& end) {
      for (std::size_t i = 0; i < count; ++i) {
        const auto message = end.receive(soon());
        require(message.has_value() && end.send(*message, soon()), "no echo");
      }
    });
    End& end = link->end(Side::submitter);
    for (std::size_t i = 0; i < count; ++i) {
      ASSERT_TRUE(end.send(script_.message(i), soon()));
      const auto reply = end.receive(soon());
      ASSERT_TRUE(reply.has_value()) << i;
      ASSERT_TRUE(script_.is(i, *reply)) << i;
    }
    EXPECT_EQ(other.finish(), "");
  }
}

TEST_P(KernelChannel, a_stream_of_messages_with_every_strategy) {
  constexpr std::size_t count = 3000;
  for (const Wait wait : kWaits) {
    const auto link = connect_waiting(10, wait);
    OtherSide other(*link, sides(), [&](End& end) {
      for (std::size_t i = 0; i < count; ++i) {
        const auto message = end.receive(soon());
        require(message.has_value(), "no message");
        script_.expect(i, *message);
      }
    });
    End& end = link->end(Side::submitter);
    for (std::size_t i = 0; i < count; ++i) ASSERT_TRUE(end.send(script_.message(i), soon()));
    EXPECT_EQ(other.finish(), "");
  }
}

INSTANTIATE_TEST_SUITE_P(threads, KernelChannel, ::testing::ValuesIn(kernel_channels(Sides::threads, kKernelChannels)),
                         name_of);
INSTANTIATE_TEST_SUITE_P(processes, KernelChannel,
                         ::testing::ValuesIn(kernel_channels(Sides::processes, kKernelChannels)), name_of);

class KernelChannelsDeadline : public ChannelTest {};

TEST_P(KernelChannelsDeadline, waits_end_at_their_deadline_with_every_strategy) {
  const std::vector<std::byte> zeros(300);
  for (const Wait wait : kWaits) {
    const auto link = connect_waiting(1, wait);
    End& end = link->end(Side::submitter);
    for (const std::size_t bytes : {29U, 300U}) {
      const Deadline deadline = Clock::now() + std::chrono::milliseconds(20);
      EXPECT_FALSE(end.receive(deadline));
      EXPECT_GE(Clock::now(), deadline);
      const Message message{{}, std::span(zeros).first(bytes)};
      std::size_t sent = 0;
      while (end.send(message, Clock::now())) ++sent;
      EXPECT_GE(sent, 1U);
      for (; sent > 0; --sent) {
        const auto received = link->end(Side::worker).receive(soon());
        ASSERT_TRUE(received.has_value());
        ASSERT_EQ(received->payload.size(), bytes);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(threads, KernelChannelsDeadline,
                         ::testing::ValuesIn(kernel_channels(Sides::threads, kKernelChannels)), name_of);

class KernelChannelsLoss : public ChannelTest {};

TEST_P(KernelChannelsLoss, a_death_ends_waiting_calls_after_what_was_sent) {
  for (const Wait wait : kWaits) {
    const auto link = connect_waiting(8, wait);
    OtherSide other(*link, sides(), [&](End& end) {
      require(end.receive(soon()).has_value(), "no message");
      for (std::size_t i = 0; i < 5; ++i) end.send(script_.message(i), soon());
      ::raise(SIGKILL);
    });
    End& end = link->end(Side::submitter);
    ASSERT_TRUE(end.send(script_.message(0), soon()));
    ASSERT_TRUE(end.send(script_.message(1), soon()));  // is never read
    for (std::size_t i = 0; i < 5; ++i) {
      const auto message = end.receive(soon());
      ASSERT_TRUE(message.has_value());
      EXPECT_TRUE(script_.is(i, *message));
    }
    EXPECT_EQ(other.finish().substr(0, 17), "killed by SIGKILL");
    const auto start = Clock::now();
    EXPECT_THROW(end.receive(soon()), ipc::PeerGone);
    EXPECT_THROW(for (;;) require(end.send(script_.message(0), soon()), "full for ever"), ipc::PeerGone);
    EXPECT_LT(since(start), 2 * ipc::kNoticeOfDeath);
  }
}

bool is_asleep(pid_t thread) {
  std::ifstream status(text("/proc/self/task/", thread, "/stat"));
  std::string id;
  std::string name;
  std::string state;
  status >> id >> name >> state;
  return state == "S";
}

TEST_P(KernelChannelsLoss, a_sender_and_a_receiver_asleep_are_told) {
  for (const Wait wait : kWaits) {
    for (const bool sends : {false, true}) {
      const auto link = connect_waiting(2, wait);
      OtherSide other(*link, sides(), [&](End&) { ::pause(); });
      std::thread killer([&, waiter = ::gettid()] {
        if (wait != Wait::spin) comes_true([&] { return is_asleep(waiter); });
        other.process().kill(SIGKILL);
      });
      End& end = link->end(Side::submitter);
      const auto call = [&] {
        for (;;) require(sends ? end.send(script_.message(2), soon()) : end.receive(soon()).has_value(), "no notice");
      };
      EXPECT_THROW(call(), ipc::PeerGone);
      killer.join();
    }
  }
}

INSTANTIATE_TEST_SUITE_P(processes, KernelChannelsLoss,
                         ::testing::ValuesIn(kernel_channels(Sides::processes, kKernelChannels)), name_of);

class KernelStream : public ChannelTest {};

TEST_P(KernelStream, large_messages_travel_in_pieces_with_every_strategy) {
  constexpr std::size_t large = std::size_t{5} << 20;
  std::vector<std::byte> bytes(large);
  for (std::size_t i = 0; i < large; ++i) bytes[i] = static_cast<std::byte>(i * 7 % 251);
  for (const Wait wait : kWaits) {
    const auto link = connect_waiting(1, wait, large);
    const auto sizes = {std::size_t{10}, large, std::size_t{70'000}, large - 1, std::size_t{0}};
    OtherSide other(*link, sides(), [&](End& end) {
      for (const auto size : sizes) {
        const auto message = end.receive(soon());
        require(message.has_value() && message->payload.size() == size, "not that size");
        require(std::ranges::equal(message->payload, std::span(bytes).first(size)), "damaged");
      }
    });
    for (const auto size : sizes) {
      ASSERT_TRUE(link->end(Side::submitter).send({script_.message(7).head, std::span(bytes).first(size)}, soon()));
    }
    EXPECT_EQ(other.finish(), "");
  }
}

TEST_P(KernelStream, half_of_a_large_message_at_the_deadline_is_an_error) {
  constexpr std::size_t large = std::size_t{16} << 20;
  const std::vector<std::byte> bytes(large);
  for (const Wait wait : kWaits) {
    const auto link = connect_waiting(1, wait, large);
    EXPECT_THROW(link->end(Side::submitter).send({{}, bytes}, Clock::now()), std::runtime_error);
  }
}

TEST_P(KernelStream, a_link_serves_the_calls_it_was_made_for) {
  const auto trying = connect();
  EXPECT_THROW(trying->end(Side::submitter).send(script_.message(0), soon()), std::logic_error);
  EXPECT_THROW(trying->end(Side::submitter).receive(soon()), std::logic_error);
  const auto waiting = connect_waiting(1);
  EXPECT_THROW(waiting->end(Side::submitter).try_send(script_.message(0)), std::logic_error);
  EXPECT_THROW(waiting->end(Side::submitter).try_receive(), std::logic_error);
}

INSTANTIATE_TEST_SUITE_P(threads, KernelStream, ::testing::ValuesIn(kernel_channels(Sides::threads, kStreams)),
                         name_of);

/// What the refusal says; empty when the link was made.
std::string refusal(std::string_view name, const ipc::LinkConfig& config) {
  try {
    ipc::ChannelCatalog::instance().find(name)->connect(config);
  } catch (const ipc::LimitReached& limit) {
    return limit.what();
  }
  return {};
}

TEST(KernelLimits, a_user_without_room_for_queues_is_told_the_limit) {
  EXPECT_EQ(in_child([&] {
              const rlimit little{10'000, 10'000};
              require(::setrlimit(RLIMIT_MSGQUEUE, &little) == 0, "setrlimit");
              const Footprint before;
              const auto what = refusal("posix_queue", {Sides::threads, 4, 4000});
              require(what.find("RLIMIT_MSGQUEUE is 10000") != std::string::npos, what);
              require(Footprint() == before, text("something is left: ", Footprint()));
            }),
            "");
}

TEST(KernelLimits, sizes_beyond_what_the_kernel_ever_grants_are_refused_with_the_limit) {
  const ipc::LinkConfig many{Sides::threads, 1'000'000, 16'000};
  EXPECT_NE(refusal("pipe", many).find("/proc/sys/fs/pipe-max-size is "), std::string::npos);
  EXPECT_NE(refusal("posix_queue", many).find("/proc/sys/fs/mqueue/msg_max is "), std::string::npos);
  for (const auto name : {"unix_stream", "unix_seqpacket", "tcp_loopback"}) {
    const auto what = refusal(name, many);
    EXPECT_NE(what.find("net.core.wmem_max is "), std::string::npos) << name << ": " << what;
  }
}

}  // namespace
}  // namespace mpmt::tests
