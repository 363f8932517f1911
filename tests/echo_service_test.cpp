// Whom the server of loopback_echo serves, and what it keeps of those whom it does not.
#include "workloads/echo_service.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <fstream>
#include <vector>

#include "base/proc_files.hpp"
#include "base/random_bytes.hpp"
#include "base/shared_region.hpp"
#include "footprint.hpp"
#include "in_child.hpp"
#include "workloads/echo_client.hpp"
#include "workloads/echo_server.hpp"

namespace mpmt::tests {
namespace {

using workloads::EchoBounds;
using workloads::EchoMessage;
using workloads::EchoServer;
using workloads::EchoService;
using workloads::Secret;

constexpr std::uint64_t kHour = 3'600'000'000;

/// A connection that does as it likes. Its calls do not block.
class Stranger {
 public:
  explicit Stranger(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const int on = 1;
    const int little = 4096;
    ::setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVBUF, &little, sizeof little);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const auto* generic = reinterpret_cast<const sockaddr*>(&address);
    connected_ = ::connect(socket_.get(), generic, sizeof address) == 0;
  }

  bool is_connected() const { return connected_; }
  template <class Value>
  bool send(const Value& value, std::size_t bytes = sizeof(Value)) {
    return ::send(socket_.get(), &value, bytes, MSG_NOSIGNAL | MSG_DONTWAIT) == static_cast<ssize_t>(bytes);
  }
  template <class Value>
  bool receive(Value& value) {
    return ::recv(socket_.get(), &value, sizeof value, MSG_DONTWAIT) == sizeof value;
  }
  /// Whether the server has ended the connection.
  bool is_closed() {
    char byte = 0;
    const auto count = ::recv(socket_.get(), &byte, 1, MSG_DONTWAIT | MSG_PEEK);
    return count == 0 || (count < 0 && errno != EAGAIN);
  }
  void close() { socket_.reset(); }

 private:
  Fd socket_;
  bool connected_ = false;
};

EchoMessage request_with(std::uint64_t delay_us, std::uint64_t number = 1) {
  EchoMessage request;
  request.delay_us = delay_us;
  request.number = number;
  return request;
}

/// A service in this thread, whose turns the test takes.
class EchoServiceTest : public ::testing::Test {
 protected:
  static constexpr EchoBounds kFew{.strangers = 4, .peers = 3, .time_to_show = std::chrono::seconds(60)};

  explicit EchoServiceTest(const EchoBounds& bounds = kFew) : service_(listener_.get(), secret_, bounds) {}

  /// Lets the service work until `condition` holds.
  template <class Condition>
  bool serves_until(Condition&& condition) {
    return comes_true([&] {
      service_.turn(0);
      return condition();
    });
  }

  Stranger stranger() { return Stranger(port_); }
  Stranger peer() {
    Stranger made(port_);
    made.send(secret_);
    std::byte welcome{};
    EXPECT_TRUE(serves_until([&] { return made.receive(welcome); }));
    EXPECT_EQ(welcome, workloads::kWelcome);
    return made;
  }
  void expect_dropped(Stranger& other) {
    EXPECT_TRUE(serves_until([&] { return other.is_closed(); }));
  }

  const Secret secret_ = random_bytes<sizeof(Secret)>();
  const Fd listener_ = workloads::listen_on_loopback();
  const std::uint16_t port_ = workloads::port_of(listener_);
  EchoService service_;
};

TEST_F(EchoServiceTest, who_shows_the_secret_is_served) {
  auto client = peer();
  const auto request = request_with(1);
  EchoMessage reply;
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(client.send(request));
    ASSERT_TRUE(serves_until([&] { return client.receive(reply); }));
    ASSERT_EQ(reply, echo_of(request));
  }
  EXPECT_EQ(service_.strangers(), 0U);
}

TEST_F(EchoServiceTest, the_secret_may_come_in_pieces) {
  auto client = stranger();
  for (const std::byte byte : secret_) {
    EXPECT_EQ(service_.peers(), 0U);
    ASSERT_TRUE(client.send(byte));
    service_.turn(1000);
  }
  std::byte welcome{};
  EXPECT_TRUE(serves_until([&] { return client.receive(welcome); }));
}

TEST_F(EchoServiceTest, who_shows_another_secret_is_dropped) {
  for (std::size_t i = 0; i < secret_.size(); ++i) {
    Secret wrong = secret_;
    wrong[i] ^= std::byte{1};
    auto other = stranger();
    ASSERT_TRUE(other.send(wrong));
    expect_dropped(other);
  }
  auto other = stranger();
  ASSERT_TRUE(other.send(request_with(1)));
  expect_dropped(other);
  EXPECT_EQ(service_.strangers() + service_.peers(), 0U);
}

TEST_F(EchoServiceTest, the_oldest_strangers_are_dropped_when_there_are_too_many) {
  std::vector<Stranger> silent;
  for (std::size_t i = 0; i < 50; ++i) {
    silent.push_back(stranger());
    if (i >= kFew.strangers) expect_dropped(silent[i - kFew.strangers]);
    service_.turn(0);
    EXPECT_LE(service_.strangers(), kFew.strangers);
  }
  EXPECT_FALSE(silent.back().is_closed());
  auto client = peer();  // among them
  EXPECT_FALSE(client.is_closed());
}

TEST_F(EchoServiceTest, peers_are_bounded_too) {
  std::vector<Stranger> clients;
  for (std::size_t i = 0; i < kFew.peers; ++i) clients.push_back(peer());
  auto one_more = stranger();
  ASSERT_TRUE(one_more.send(secret_));
  expect_dropped(one_more);
  for (auto& client : clients) EXPECT_FALSE(client.is_closed());
  clients.pop_back();
  ASSERT_TRUE(serves_until([&] { return service_.peers() < kFew.peers; }));
  peer();
}

TEST_F(EchoServiceTest, a_request_before_the_reply_to_the_last_ends_the_connection) {
  auto at_once = peer();
  ASSERT_TRUE(at_once.send(std::array{request_with(1), request_with(1)}));
  expect_dropped(at_once);
  auto later = peer();
  ASSERT_TRUE(later.send(request_with(kHour)));
  ASSERT_TRUE(serves_until([&] { return service_.replies_due() == 1; }));
  ASSERT_TRUE(later.send(request_with(1), 1));
  expect_dropped(later);
  EXPECT_EQ(service_.replies_due(), 0U);
}

TEST_F(EchoServiceTest, delays_beyond_the_bound_are_refused) {
  for (const std::uint64_t delay : {kHour + 1, std::uint64_t{1} << 63, ~std::uint64_t{0}}) {
    auto other = peer();
    ASSERT_TRUE(other.send(request_with(delay)));
    expect_dropped(other);
  }
  EXPECT_EQ(service_.replies_due(), 0U);
}

TEST_F(EchoServiceTest, nothing_is_kept_of_delays_whose_connection_has_ended) {
  for (int i = 0; i < 200; ++i) {
    auto client = peer();
    ASSERT_TRUE(client.send(request_with(kHour)));
    ASSERT_TRUE(serves_until([&] { return service_.replies_due() == 1; }));
    client.close();
    ASSERT_TRUE(serves_until([&] { return service_.peers() == 0; }));
    ASSERT_EQ(service_.replies_due(), 0U);
  }
}

TEST_F(EchoServiceTest, a_peer_that_takes_no_replies_does_not_hold_up_others) {
  auto lazy = peer();
  auto client = peer();
  std::uint64_t number = 0;
  const auto asks_on = [&] {
    if (lazy.send(request_with(0, ++number))) service_.turn(1000);
    return service_.peers() == 1;
  };
  ASSERT_TRUE(comes_true(asks_on)) << number << " replies are kept somewhere";
  EchoMessage reply;
  ASSERT_TRUE(client.send(request_with(1)));
  EXPECT_TRUE(serves_until([&] { return client.receive(reply); }));
}

class EchoServiceWithoutPatience : public EchoServiceTest {
 protected:
  EchoServiceWithoutPatience() : EchoServiceTest({.time_to_show = std::chrono::milliseconds(20)}) {}
};

TEST_F(EchoServiceWithoutPatience, who_does_not_show_the_secret_in_time_is_dropped) {
  auto silent = stranger();
  auto half = stranger();
  ASSERT_TRUE(half.send(secret_, sizeof secret_ / 2));
  while (service_.strangers() < 2) service_.turn(1000);
  while (service_.strangers() > 0) service_.turn();  // by the service's own timer
  EXPECT_TRUE(silent.is_closed());
  EXPECT_TRUE(half.is_closed());
}

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
