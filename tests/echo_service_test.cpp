// Whom the server of loopback_echo serves, and what it keeps of those whom it does not: in the test's own thread.
#include "workloads/echo_service.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "base/random_bytes.hpp"
#include "footprint.hpp"
#include "stranger.hpp"
#include "workloads/echo_server.hpp"

namespace mpmt::tests {
namespace {

using workloads::EchoBounds;
using workloads::EchoMessage;
using workloads::EchoService;
using workloads::Secret;

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
  // Thousands of requests one by one, for each of which the kernel's own thread may have to wait for a CPU.
  ASSERT_TRUE(comes_true(asks_on, soon(std::chrono::seconds(50)))) << number << " replies are kept somewhere";
  EchoMessage reply;
  ASSERT_TRUE(client.send(request_with(1)));
  EXPECT_TRUE(serves_until([&] { return client.receive(reply); }));
}

class EchoServiceWithoutPatience : public EchoServiceTest {
 protected:
  static constexpr std::chrono::milliseconds kTimeToShow{20};

  EchoServiceWithoutPatience() : EchoServiceTest({.time_to_show = kTimeToShow}) {}
};

TEST_F(EchoServiceWithoutPatience, who_does_not_show_the_secret_in_time_is_dropped) {
  auto silent = stranger();
  auto half = stranger();
  ASSERT_TRUE(half.send(secret_, sizeof secret_ / 2));
  const auto start = Clock::now();
  // By the service's own timer, once they are in. On a busy machine one may be dropped before the other is let in.
  while (!silent.is_closed() || !half.is_closed()) service_.turn(service_.strangers() > 0 ? -1 : 1000);
  EXPECT_GE(since(start), kTimeToShow);
}

}  // namespace
}  // namespace mpmt::tests
