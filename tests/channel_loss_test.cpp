// What every channel promises when the other side is killed or stopped, when there is no room, and of what it leaves.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <iostream>
#include <sstream>

#include "channel_sides.hpp"

namespace mpmt::tests {
namespace {

using ipc::End;
using ipc::Side;

class EveryChannelsTraces : public ChannelTest {};

TEST_P(EveryChannelsTraces, a_link_leaves_nothing) {
  const Footprint before;
  for (int i = 0; i < 20; ++i) {
    const auto link = connect();
    link->end(Side::submitter).try_send(script_.message(1));
  }
  EXPECT_EQ(footprint_after(before), before);
}

TEST_P(EveryChannelsTraces, a_link_that_cannot_be_made_leaves_nothing) {
  const auto make = channel().connect;
  const ipc::LinkConfig config{sides(), 8, Script::kMaxPayload};
  EXPECT_EQ(in_child([&] {
              const Footprint before;
              // One descriptor more each time: each step of connect() that needs one fails in turn.
              const auto highest =
                  static_cast<rlim_t>(std::stoi(*before.descriptors.rbegin())) + before.descriptors.size();
              for (rlim_t most = 3; most < highest + 12; ++most) {
                rlimit limit{};
                ::getrlimit(RLIMIT_NOFILE, &limit);
                const rlimit narrowed{most, limit.rlim_max};
                ::setrlimit(RLIMIT_NOFILE, &narrowed);
                bool threw = false;
                try {
                  make(config);
                } catch (const std::exception&) {
                  threw = true;
                }
                ::setrlimit(RLIMIT_NOFILE, &limit);
                require(Footprint() == before, text("with ", most, " descriptors something is left: ", Footprint()));
                if (!threw && most > highest) break;
              }
            }),
            "");
}

/// Shared mappings of objects in /dev/shm: their addresses as in /proc/self/maps, and their names.
std::vector<std::pair<std::string, std::string>> shared_mappings() {
  std::vector<std::pair<std::string, std::string>> found;
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    const auto name = line.find("/dev/shm/");
    if (name != std::string::npos) found.emplace_back(line.substr(0, line.find(' ')), line.substr(name));
  }
  return found;
}

TEST_P(EveryChannelsTraces, names_are_gone_before_the_first_message_and_memory_is_the_users_own) {
  const auto former = ::umask(0);
  for (const mode_t mask : {0, 0777}) {
    ::umask(mask);
    const auto link = connect();
    for (const auto& [addresses, name] : shared_mappings()) {
      EXPECT_NE(name.find("(deleted)"), std::string::npos) << name;
      struct stat status {};
      if (::stat(("/proc/self/map_files/" + addresses).c_str(), &status) != 0) {
        std::cout << "the mode of " << name << " cannot be seen: " << std::strerror(errno) << '\n';
        continue;
      }
      EXPECT_EQ(status.st_mode & 0777, 0600U) << name;
      EXPECT_EQ(status.st_nlink, 0U) << name;
    }
  }
  ::umask(former);
}

TEST_P(EveryChannelsTraces, a_full_dev_shm_is_a_clear_error) {
  if (!may_mount("/dev/shm")) GTEST_SKIP() << "a mount namespace is not permitted here";
  EXPECT_EQ(in_child([&] {
              mount_small("/dev/shm", "size=1m");
              for (const std::size_t capacity : {150U, 200U, 250U, 1000U}) {
                try {
                  const auto link = connect_if_allowed(capacity);  // a channel that does not live there finds room
                  if (link == nullptr) continue;
                  End& end = link->end(Side::submitter);
                  for (std::size_t i = 0; i < capacity; ++i) require(end.try_send(script_.message(i)), "no room");
                } catch (const std::system_error& failure) {
                  const std::string what = failure.what();
                  require(what.find("/dev/shm") != std::string::npos, what);
                  require(what.find(channel().name) != std::string::npos, what);
                  require(failure.code().value() == ENOSPC, what);
                }
                require(names_in("/dev/shm").empty(), "a name is left");
              }
              require(connect(2) != nullptr, "no link where there is room");
            }),
            "");
}

TEST_P(EveryChannelsTraces, a_limit_on_the_size_of_files_is_an_error) {
  EXPECT_EQ(in_child([&] {
              ::signal(SIGXFSZ, SIG_IGN);
              const rlimit limit{32 << 10, 32 << 10};
              ::setrlimit(RLIMIT_FSIZE, &limit);
              const Footprint before;
              try {
                connect_if_allowed(100);
              } catch (const std::system_error& failure) {
                require(failure.code().value() == EFBIG, failure.what());
              }
              require(Footprint() == before, text("something is left: ", Footprint()));
            }),
            "");
}

INSTANTIATE_TEST_SUITE_P(threads, EveryChannelsTraces, ::testing::ValuesIn(channels_between(ipc::Sides::threads)),
                         name_of);
INSTANTIATE_TEST_SUITE_P(processes, EveryChannelsTraces, ::testing::ValuesIn(channels_between(ipc::Sides::processes)),
                         name_of);

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
        EXPECT_LT(took, std::chrono::seconds(2)) << what;
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
    EXPECT_LT(since(start), std::chrono::seconds(4));
    other.process().kill(SIGCONT);
    const auto before = received;
    EXPECT_TRUE(comes_true([&] { return call(), received > before + 100; })) << "messages do not flow again";
  }
}

INSTANTIATE_TEST_SUITE_P(processes, EveryChannelsLoss, ::testing::ValuesIn(channels_between(ipc::Sides::processes)),
                         name_of);

}  // namespace
}  // namespace mpmt::tests
