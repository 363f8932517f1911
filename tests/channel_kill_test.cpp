// What every channel promises of waiting calls whose peer is killed, ends or is stopped (ipc/channel.hpp).
//
// In the environment: MPMT_KILLS, kills per channel (20; 200 with MPMT_LONG_TESTS=1), and MPMT_SEED, to have other ones
// or those of a failure again.
#include <gtest/gtest.h>
#include <signal.h>

#include <array>
#include <cstdlib>
#include <random>

#include "channel_sides.hpp"
#include "victim_and_survivor.hpp"

namespace mpmt::tests {
namespace {

using ipc::PeerGone;
using ipc::Side;
using ipc::WaitingEnd;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int kSituations = 8;

/// What a channel must survive although it declares that it does not survive a killed peer: a death outside of what it
/// does with its lock held. What it declares for the others has a test of its own.
bool is_promised(const ipc::Description& channel, Situation situation) {
  if (channel.survives_a_killed_peer) return true;
  switch (situation) {
    case Situation::idle:
    case Situation::asleep_in_receive:
    case Situation::asleep_in_send:
      return true;
    case Situation::streaming_in:
    case Situation::streaming_out:
    case Situation::ping_pong:
    case Situation::copying_in:
    case Situation::copying_out:
      return false;
  }
  return true;
}

unsigned from_environment(const char* name, unsigned otherwise) {
  const char* const value = std::getenv(name);
  return value == nullptr ? otherwise : static_cast<unsigned>(std::strtoul(value, nullptr, 10));
}
unsigned kills_per_channel() {
  return from_environment("MPMT_KILLS", std::getenv("MPMT_LONG_TESTS") != nullptr ? 200 : 20);
}

/// All that chance decides of one kill.
struct Kill {
  Situation situation;
  Side victim;
  Survivor survivor;
  Wait wait;
  std::size_t capacity;
  std::uint64_t calls;  ///< of the victim, before it is killed
  std::chrono::microseconds delay;

  Kill(Situation what, Side whom, std::mt19937& random) : situation(what), victim(whom) {
    const bool large = what == Situation::copying_in || what == Situation::copying_out;
    constexpr std::array waits{Wait::block, Wait::block, Wait::yield, Wait::spin};
    constexpr std::array<std::size_t, 3> capacities{1, 2, 8};
    wait = waits[random() % waits.size()];
    capacity = capacities[random() % (large ? 2 : capacities.size())];
    calls = random() % (large ? 10 : 1000);
    delay = std::chrono::microseconds(random() % 2000);
    survivor = random() % 2 == 0 ? Survivor::receives : Survivor::sends;
    if (what == Situation::streaming_in || what == Situation::copying_in) survivor = Survivor::sends;
    if (what == Situation::streaming_out || what == Situation::copying_out) survivor = Survivor::receives;
  }
  /// It sleeps, or spins, in a call that does not return.
  bool falls_asleep() const {
    return situation == Situation::idle || situation == Situation::asleep_in_receive ||
           situation == Situation::asleep_in_send;
  }
};

class EveryChannelsKill : public ChannelTest {
 protected:
  /// Seeded kills of one situation, of either side in turn.
  void kill_in(Situation situation, std::size_t max_payload = kSmall) {
    if (!is_promised(channel(), situation)) GTEST_SKIP() << "declared: " << channel().when_a_side_is_killed;
    const auto seed = from_environment("MPMT_SEED", 1);
    const auto rounds = (kills_per_channel() + kSituations - 1) / kSituations;
    const Script script(max_payload);
    const Footprint before;
    for (unsigned round = 0; round < rounds; ++round) {
      std::seed_seq seeds{seed, static_cast<unsigned>(situation), round};
      std::mt19937 random(seeds);
      Kill kill(situation, (round + seed) % 2 == 0 ? Side::worker : Side::submitter, random);
      // Who spins is not asleep, but looks with the lock held.
      if (!channel().survives_a_killed_peer && kill.wait == Wait::spin) kill.wait = Wait::block;
      SCOPED_TRACE(text("MPMT_SEED=", seed, ", kill ", round, " of ", rounds, " of the ",
                        kill.victim == Side::worker ? "worker" : "submitter", ", wait ", static_cast<int>(kill.wait),
                        ", capacity ", kill.capacity, ", survivor ",
                        kill.survivor == Survivor::sends ? "sends" : "receives"));
      run(kill, script, max_payload);
      ASSERT_EQ(footprint_after(before), before);
      if (HasFailure()) return;
    }
  }

  static constexpr std::size_t kSmall = 200;

 private:
  void run(const Kill& kill, const Script& script, std::size_t max_payload) {
    SharedStage stage;
    auto link = channel().connect({.sides = sides(),
                                   .capacity = kill.capacity,
                                   .max_payload_bytes = max_payload,
                                   .calls = ipc::Calls::waiting,
                                   .wait = kill.wait});
    const Side survivors = other(kill.victim);
    ChildProcess victim("victim", [&] {
      link->keep(kill.victim);
      VictimsPart part(link->end(kill.victim), script, *stage);
      part.play(kill.situation, kill.victim == Side::submitter, kill.calls % (kill.capacity + 1));
    });
    ChildProcess survivor("survivor", [&] {
      link->keep(survivors);
      SurvivorsPart part(link->end(survivors), script, *stage);
      part.play(kill.situation, survivors == Side::submitter, kill.survivor);
    });
    link.reset();
    ASSERT_TRUE(comes_true([&] { return is_due(kill, *stage, victim); })) << "it never came to be killed";
    for (const auto start = Clock::now(); since(start) < kill.delay;) {
    }
    victim.kill(SIGKILL);
    const auto killed = Clock::now();
    stage->killed = true;
    const auto end = survivor.reap(soon());
    ASSERT_TRUE(end) << "the survivor hangs";
    ASSERT_EQ(end->describe(), "exited with 0") << "; see standard error";
    ASSERT_TRUE(victim.reap(soon()));
    EXPECT_LT(stage->noticed_ns - killed.time_since_epoch().count(), Nanoseconds(kNoticeWhenLoaded).count());
    EXPECT_NE(std::string_view(stage->notice).find(channel().name), std::string_view::npos) << stage->notice;
    if (kill.situation == Situation::ping_pong || kill.survivor == Survivor::sends) return;
    EXPECT_LE(stage->received, stage->sent + 1);
    if (!channel().delivers_after_a_kill) return;
    EXPECT_GE(stage->received, stage->sent) << "what was sent before the death was not delivered";
  }

  static bool is_due(const Kill& kill, const Stage& stage, const ChildProcess& victim) {
    if (!kill.falls_asleep()) return stage.calls >= kill.calls;
    if (!stage.settled || (kill.situation == Situation::asleep_in_send && stage.sent == 0)) return false;
    return (kill.wait == Wait::spin && kill.situation != Situation::idle) || state_of(victim.pid()) == 'S';
  }
};

TEST_P(EveryChannelsKill, a_side_killed_while_idle_is_noticed) {
  kill_in(Situation::idle);
}
TEST_P(EveryChannelsKill, a_side_killed_asleep_in_receive_is_noticed) {
  kill_in(Situation::asleep_in_receive);
}
TEST_P(EveryChannelsKill, a_side_killed_asleep_in_send_is_noticed) {
  kill_in(Situation::asleep_in_send);
}
TEST_P(EveryChannelsKill, a_side_killed_while_it_receives_a_stream_is_noticed) {
  kill_in(Situation::streaming_in);
}
TEST_P(EveryChannelsKill, a_side_killed_while_it_sends_a_stream_is_noticed) {
  kill_in(Situation::streaming_out);
}
TEST_P(EveryChannelsKill, a_side_killed_in_ping_pong_is_noticed) {
  kill_in(Situation::ping_pong);
}
TEST_P(EveryChannelsKill, a_side_killed_while_it_receives_large_messages_is_noticed) {
  kill_in(Situation::copying_in, largest_payload(std::size_t{1} << 20));
}
TEST_P(EveryChannelsKill, a_side_killed_while_it_sends_large_messages_is_noticed) {
  kill_in(Situation::copying_out, largest_payload(std::size_t{1} << 20));
}

/// A side that ends or stops by itself.
class EveryChannelsEnd : public ChannelTest {};

TEST_P(EveryChannelsEnd, what_a_side_sent_before_it_exited_is_delivered_before_its_end_shows) {
  const Script small(200);
  for (const std::size_t count : {0U, 1U, 8U}) {
    const Footprint before;
    {
      const auto link = connect_waiting(8);
      WaitingEnd& end = link->end(Side::submitter);
      ASSERT_TRUE(end.send(small.message(0), soon()));  // will never be read
      OtherSide peer(*link, sides(), [&](WaitingEnd& worker) {
        for (std::size_t i = 0; i < count; ++i) require(worker.send(small.message(i), soon()), "no room");
      });
      ASSERT_EQ(peer.finish(), "");
      for (std::size_t i = 0; i < count; ++i) {
        const auto message = end.receive(soon());
        ASSERT_TRUE(message && small.is(i, *message)) << i << " of " << count;
      }
      for (int again = 0; again < 2; ++again) EXPECT_THROW(end.receive(soon()), PeerGone);
      const auto send_until_told = [&] {
        for (std::size_t i = 0; i < 1'000'000; ++i) ASSERT_TRUE(end.send(small.message(i), soon()));
      };
      EXPECT_THROW(send_until_told(), PeerGone);
    }
    EXPECT_EQ(footprint_after(before), before);
  }
}

TEST_P(EveryChannelsEnd, a_side_that_is_stopped_is_not_taken_for_dead) {
  const Script small(200);
  const auto link = connect_waiting(8);
  WaitingEnd& end = link->end(Side::submitter);
  OtherSide echo(*link, sides(), [](WaitingEnd& worker) {
    for (;;) {
      const auto message = worker.receive(soon(seconds(40)));
      require(message && worker.send(*message, soon()), "nobody talks to the echo");
    }
  });
  std::size_t sent = 0;
  std::size_t received = 0;
  const auto send = [&] { ASSERT_TRUE(end.send(small.message(sent++), soon())); };
  const auto expect = [&](const std::optional<ipc::Message>& message) {
    ASSERT_TRUE(message && small.is(received, *message)) << received;
    ++received;
  };
  for (int i = 0; i < 100; ++i) {
    send();
    expect(end.receive(soon()));
  }
  send();
  echo.process().kill(SIGSTOP);
  siginfo_t stopped{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(echo.process().pid()), &stopped, WSTOPPED), 0);
  for (int i = 0; i < 3; ++i) send();
  const auto deadline = Clock::now() + ipc::kNoticeOfDeath + milliseconds(500);
  while (const auto message = end.receive(deadline)) expect(message);  // PeerGone would fail the test
  EXPECT_LT(received, sent) << "it was not stopped";
  echo.process().kill(SIGCONT);
  while (received < sent) expect(end.receive(soon()));
  for (int i = 0; i < 100; ++i) {
    send();
    expect(end.receive(soon()));
  }
}

INSTANTIATE_TEST_SUITE_P(processes, EveryChannelsKill, ::testing::ValuesIn(channels_between(ipc::Sides::processes)),
                         name_of);
INSTANTIATE_TEST_SUITE_P(processes, EveryChannelsEnd, ::testing::ValuesIn(channels_between(ipc::Sides::processes)),
                         name_of);

}  // namespace
}  // namespace mpmt::tests
