// What every channel promises of try_ calls when the other side is killed or stopped.
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>

#include <random>

#include "channel_sides.hpp"

namespace mpmt::tests {
namespace {

using ipc::End;
using ipc::Side;

/// One side is killed or stopped; the other must go on.
class EveryChannelsLoss : public ChannelTest {
 protected:
  static constexpr int kKills = 20;

  /// Some calls, as the killed peer has left the link; ends early when they are slow.
  static void use_what_is_left(End& end, const Script& script) {
    const auto bounded = [](const char* what, const std::function<bool()>& call) {
      for (int i = 0; i < 100; ++i) {
        const auto start = Clock::now();
        call();
        const auto took = since(start);
        EXPECT_LT(took, kNoticeWhenLoaded) << what;
        if (took > std::chrono::milliseconds(100)) return;  // its lock was held: each call is bounded alike
      }
    };
    bounded("try_send", [&] { return end.try_send(script.message(1)); });
    bounded("try_receive", [&] { return end.try_receive().has_value(); });
  }

  /// `peer` greets with message 0 and goes on until it is killed at a random moment.
  void kill_in(const OtherSide::Body& peer, std::uint32_t seed) {
    const Footprint before;
    std::mt19937 random(seed);
    for (int round = 0; round < kKills; ++round) {
      {
        const auto link = connect(4);
        End& end = link->end(Side::submitter);
        OtherSide other(*link, sides(), [&](End& worker) {
          require(worker.try_send(script_.message(0)), "no room for the greeting");
          peer(worker);
        });
        ASSERT_TRUE(comes_true([&] { return end.try_receive().has_value(); })) << "no greeting";
        for (auto calls = random() % 400; calls > 0; --calls) {
          end.try_send(script_.message(calls));
          end.try_receive();
        }
        other.process().kill(SIGKILL);
        use_what_is_left(end, script_);
        EXPECT_EQ(other.finish().substr(0, 17), "killed by SIGKILL");
        use_what_is_left(end, script_);
      }
      ASSERT_EQ(footprint_after(before), before) << "round " << round;
    }
  }
};

TEST_P(EveryChannelsLoss, a_peer_killed_while_idle_harms_nobody) {
  kill_in(
      [](End&) {
        for (;;) ::pause();
      },
      1);
}

TEST_P(EveryChannelsLoss, a_peer_killed_while_sending_harms_nobody) {
  kill_in(
      [&](End& worker) {
        for (std::size_t i = 0;; ++i) worker.try_send(script_.message(i));
      },
      2);
}

TEST_P(EveryChannelsLoss, a_peer_killed_while_receiving_harms_nobody) {
  kill_in(
      [](End& worker) {
        for (;;) worker.try_receive();
      },
      3);
}

TEST_P(EveryChannelsLoss, a_stopped_peer_is_not_a_dead_one) {
  std::mt19937 random(4);
  for (int round = 0; round < 6; ++round) {
    const auto link = connect(4);
    End& end = link->end(Side::submitter);
    OtherSide other(*link, sides(), [&](End& worker) {  // an echo
      for (;;) {
        const auto message = worker.try_receive();
        if (!message) continue;
        while (!worker.try_send(*message)) ::sched_yield();
      }
    });
    std::size_t sent = 0;
    std::size_t received = 0;
    const auto call = [&] {
      if (sent - received < 4 && end.try_send(script_.message(sent))) ++sent;
      if (const auto message = end.try_receive()) {
        ASSERT_TRUE(script_.is(received, *message)) << received;
        ++received;
      }
    };
    ASSERT_TRUE(comes_true([&] { return call(), received > random() % 100; }));
    other.process().kill(SIGSTOP);
    siginfo_t stopped{};
    ASSERT_TRUE(comes_true([&] {
      ::waitid(P_PID, static_cast<id_t>(other.process().pid()), &stopped, WSTOPPED | WNOHANG);
      return stopped.si_pid != 0;
    }));
    const auto start = Clock::now();
    call();
    EXPECT_LT(since(start), kNoticeWhenLoaded);
    other.process().kill(SIGCONT);
    const auto before = received;
    EXPECT_TRUE(comes_true([&] { return call(), received > before + 100; })) << "messages do not flow again";
  }
}

INSTANTIATE_TEST_SUITE_P(processes, EveryChannelsLoss, ::testing::ValuesIn(channels_between(ipc::Sides::processes)),
                         name_of);

}  // namespace
}  // namespace mpmt::tests
