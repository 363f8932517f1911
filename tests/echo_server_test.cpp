// The server of loopback_echo as a process, when strangers flood it or it has too few descriptors.
#include "workloads/echo_server.hpp"

#include <gtest/gtest.h>
#include <net/if.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>

#include <cstring>
#include <fstream>
#include <memory>
#include <vector>

#include "base/shared_region.hpp"
#include "footprint.hpp"
#include "in_child.hpp"
#include "stranger.hpp"
#include "workloads/echo_client.hpp"

namespace mpmt::tests {
namespace {

using workloads::EchoBounds;
using workloads::EchoMessage;
using workloads::EchoServer;

/// A loopback of the calling process's own, where that is permitted.
void use_own_loopback() {
  if (::unshare(CLONE_NEWNET) != 0) return;
  const Fd any(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq loopback{};
  std::strcpy(loopback.ifr_name, "lo");
  loopback.ifr_flags = IFF_UP | IFF_RUNNING;
  require(::ioctl(any.get(), SIOCSIFFLAGS, &loopback) == 0, "no loopback");
}

/// Asks for a reply as a worker's session does, and waits for it.
void require_reply(const Fd& socket, std::uint64_t number) {
  const auto request = request_with(50, number);
  require(::send(socket.get(), &request, sizeof request, MSG_NOSIGNAL) == sizeof request, "the server is gone");
  EchoMessage reply;
  require(::recv(socket.get(), &reply, sizeof reply, MSG_WAITALL) == sizeof reply, "no reply");
  require(reply == echo_of(request), "a wrong reply");
}

std::size_t descriptors_of(pid_t pid) {
  return names_in(text("/proc/", pid, "/fd")).size();
}

/// How often the process has gone to sleep.
std::uint64_t sleeps_of(pid_t pid) {
  std::ifstream status(text("/proc/", pid, "/status"));
  for (std::string word; status >> word;) {
    std::uint64_t count = 0;
    if (word == "voluntary_ctxt_switches:" && status >> count) return count;
  }
  throw std::runtime_error("no such process");
}

/// Connections as fast as they can be made, of which most stay open as long as the server lets them.
void flood(std::uint16_t port, std::atomic<bool>& go_on) {
  std::vector<Stranger> open;
  for (int i = 0; i < 200'000 && go_on; ++i) {
    Stranger next(port);
    if (i % 3 == 1) next.send(request_with(kHour));
    if (i % 3 == 2) next.send('x');
    if (open.size() < 300) {
      open.push_back(std::move(next));
    } else {
      open[static_cast<std::size_t>(i) % open.size()] = std::move(next);
    }
  }
}

class Flood {
 public:
  explicit Flood(std::uint16_t port)
      : region_(sizeof(std::atomic<bool>)),
        go_on_(*new (region_.data()) std::atomic<bool>(true)),
        process_("flood", [this, port] { flood(port, go_on_); }) {}
  ~Flood() {
    go_on_ = false;
    process_.reap(soon());
  }

 private:
  SharedRegion region_;
  std::atomic<bool>& go_on_;
  ChildProcess process_;
};

TEST(EchoServerUnderAttack, workers_get_in_and_are_served_during_a_flood) {
  EXPECT_EQ(in_child([] {
              use_own_loopback();
              const EchoServer server;
              const auto before = descriptors_of(server.pid());
              const Fd first = workloads::enter(server.port(), server.secret());
              const Flood one(server.port());
              const Flood other(server.port());
              for (std::uint64_t i = 0; i < 100; ++i) {
                const Fd later = workloads::enter(server.port(), server.secret());
                for (int request = 0; request < 5; ++request) {
                  require_reply(first, i);
                  require_reply(later, i);
                }
                // Strangers, one that is just accepted, and workers that came or went a moment ago.
                require(descriptors_of(server.pid()) <= before + EchoBounds().strangers + 10, "too many are kept");
              }
            }),
            "");
}

/// A server that may have `free` descriptors more than it begins with.
std::unique_ptr<EchoServer> server_with_descriptors(rlim_t free) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  const auto now = static_cast<rlim_t>(std::stoi(*names_in("/proc/self/fd").rbegin()));
  const rlimit narrowed{now + free, limit.rlim_max};
  require(::setrlimit(RLIMIT_NOFILE, &narrowed) == 0, "setrlimit");
  auto server = std::make_unique<EchoServer>(EchoBounds{.time_to_show = std::chrono::seconds(60)});
  ::setrlimit(RLIMIT_NOFILE, &limit);
  return server;
}

TEST(EchoServerUnderAttack, a_server_without_descriptors_lets_workers_in_in_place_of_strangers) {
  EXPECT_EQ(in_child([] {
              use_own_loopback();
              const auto server = server_with_descriptors(20);
              std::vector<Stranger> silent;
              for (int i = 0; i < 60; ++i) silent.emplace_back(server->port());
              const Fd worker = workloads::enter(server->port(), server->secret());
              require_reply(worker, 1);
            }),
            "");
}

TEST(EchoServerUnderAttack, a_server_full_of_workers_rests_until_one_leaves) {
  EXPECT_EQ(in_child([] {
              use_own_loopback();
              const auto server = server_with_descriptors(20);
              const auto enter = [&] {
                auto made = std::make_unique<Stranger>(server->port());
                made->send(server->secret());
                std::byte welcome{};
                const bool is_in = comes_true([&] { return made->receive(welcome); }, soon(std::chrono::seconds(1)));
                return std::pair(std::move(made), is_in);
              };
              std::vector<std::unique_ptr<Stranger>> workers;
              for (bool is_in = true; is_in && workers.size() < 40;) {
                auto [worker, let_in] = enter();
                workers.push_back(std::move(worker));
                is_in = let_in;
              }
              require(workers.size() < 40, "it has descriptors without end");
              const auto sleeps = sleeps_of(server->pid());
              const auto start = Clock::now();
              EchoMessage reply;
              while (since(start) < std::chrono::milliseconds(500)) {  // served as ever
                require(workers[0]->send(request_with(50'000)), "the server is gone");
                require(comes_true([&] { return workers[0]->receive(reply); }), "no reply");
              }
              require(sleeps_of(server->pid()) - sleeps < 100, "it does not rest");
              std::byte welcome{};
              workers[0]->close();
              require(comes_true([&] { return workers.back()->receive(welcome); }), "whoever waited is not let in");
            }),
            "");
}

TEST(EchoServerUnderAttack, a_server_that_nobody_talks_to_does_not_run) {
  const EchoServer server;
  const Fd worker = workloads::enter(server.port(), server.secret());
  Stranger silent(server.port());
  require_reply(worker, 1);
  ASSERT_TRUE(comes_true([&] { return state_of(server.pid()) == 'S'; }));
  const auto parked = sleeps_of(server.pid());
  pollfd none{};
  ::poll(&none, 0, 300);  // time for it to run, if it did
  EXPECT_EQ(sleeps_of(server.pid()), parked);
}

}  // namespace
}  // namespace mpmt::tests
