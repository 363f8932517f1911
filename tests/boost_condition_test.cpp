// What boost_condition declares of a side that is killed: found out for each situation that the side can be in.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <fstream>

#include "base/shared_region.hpp"
#include "channel_sides.hpp"

namespace mpmt::tests {
namespace {

using ipc::End;
using ipc::Side;
using Body = std::function<void(End&)>;

/// A payload that kills whoever copies it, when half of it has been copied.
class DeadlyPayload {
 public:
  DeadlyPayload() {
    page_ = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    data_ = ::mmap(nullptr, 2 * page_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    require(data_ != MAP_FAILED && ::mprotect(static_cast<char*>(data_) + page_, page_, PROT_NONE) == 0, "no memory");
    ::signal(SIGSEGV, [](int) { ::kill(::getpid(), SIGKILL); });
  }
  std::span<const std::byte> bytes() const { return {static_cast<const std::byte*>(data_), 2 * page_}; }

 private:
  std::size_t page_;
  void* data_;
};

/// A submitter that survives, if it does, and a worker that is killed.
class BoostConditionsLoss : public ::testing::Test {
 protected:
  enum class Outcome { peer_gone, hangs, neither };
  static constexpr std::size_t kCapacity = 3;

  std::unique_ptr<ipc::Link> link_ = ipc::ChannelCatalog::instance()
                                         .find("boost_condition")
                                         ->connect({.sides = ipc::Sides::processes,
                                                    .capacity = kCapacity,
                                                    .max_payload_bytes = std::size_t{1} << 20,
                                                    .calls = ipc::Calls::waiting});
  SharedRegion shared_{sizeof(std::atomic<bool>)};
  std::atomic<bool>& go_ = *new (shared_.data()) std::atomic<bool>(false);

  Body when_told(const Body& body) {
    return [this, body](End& end) {
      while (!go_) ::sched_yield();
      body(end);
    };
  }

  std::unique_ptr<ChildProcess> start(Side side, const Body& body) {
    return std::make_unique<ChildProcess>("a side", [this, side, body] {
      link_->keep(side);
      try {
        body(link_->end(side));
      } catch (const ipc::PeerGone&) {
        ::_exit(1);
      }
    });
  }

  /// Both sides live: their deaths show only when nobody else has the link.
  void start(const Body& survivor, const Body& victim) {
    survivor_ = start(Side::submitter, survivor);
    victim_ = start(Side::worker, victim);
    link_.reset();
  }

  static void expect_asleep(const ChildProcess& process) {
    EXPECT_TRUE(comes_true([&] { return state_of(process.pid()) == 'S'; })) << "it does not wait";
  }
  void kill_victim() {
    victim_->kill(SIGKILL);
    EXPECT_TRUE(victim_->reap(soon()));
  }
  void expect_victim_dead() {
    const auto end = victim_->reap(soon());
    ASSERT_TRUE(end);
    EXPECT_EQ(end->describe(), "killed by SIGKILL");
  }

  Outcome outcome(Deadline deadline = soon()) {
    const auto end = survivor_->reap(deadline);
    if (!end) return Outcome::hangs;
    return end->describe() == "exited with 1" ? Outcome::peer_gone : Outcome::neither;
  }

  static void receive_for_ever(End& end) {
    while (end.receive(soon())) {
    }
  }
  static void send_for_ever(End& end) {
    while (end.send({}, soon())) {
    }
  }
  static void idle(End&) {
    for (;;) ::pause();
  }
  static void die_in_mid_copy(End& end) {
    const DeadlyPayload payload;
    end.send({{}, payload.bytes()}, soon());
  }

  std::unique_ptr<ChildProcess> survivor_;
  std::unique_ptr<ChildProcess> victim_;
};

TEST_F(BoostConditionsLoss, it_is_declared) {
  const auto* const channel = ipc::ChannelCatalog::instance().find("boost_condition");
  EXPECT_FALSE(channel->survives_a_killed_peer);
  EXPECT_NE(channel->when_a_side_is_killed.find("never returns"), std::string_view::npos);
}

TEST_F(BoostConditionsLoss, who_waits_for_a_message_hears_of_an_idle_sides_death) {
  start(receive_for_ever, idle);
  expect_asleep(*survivor_);
  kill_victim();
  EXPECT_EQ(outcome(), Outcome::peer_gone);
}

TEST_F(BoostConditionsLoss, who_waits_for_room_hears_of_an_idle_sides_death) {
  start(send_for_ever, idle);
  expect_asleep(*survivor_);
  kill_victim();
  EXPECT_EQ(outcome(), Outcome::peer_gone);
}

TEST_F(BoostConditionsLoss, a_receiver_killed_in_its_sleep_does_not_hang_the_sender) {
  start(when_told(send_for_ever), receive_for_ever);
  expect_asleep(*victim_);
  kill_victim();
  go_ = true;
  EXPECT_EQ(outcome(), Outcome::peer_gone);
}

TEST_F(BoostConditionsLoss, a_sender_killed_in_its_sleep_does_not_hang_the_receiver) {
  start(when_told([](End& end) {
          for (std::size_t i = 0; i < kCapacity; ++i) require(end.receive(soon()).has_value(), "a message is lost");
          receive_for_ever(end);
        }),
        send_for_ever);
  expect_asleep(*victim_);
  kill_victim();
  go_ = true;
  EXPECT_EQ(outcome(), Outcome::peer_gone);
}

TEST_F(BoostConditionsLoss, a_side_killed_in_mid_copy_does_not_hang_a_receive_that_comes_later) {
  start(when_told(receive_for_ever), die_in_mid_copy);
  expect_victim_dead();
  go_ = true;
  EXPECT_EQ(outcome(), Outcome::peer_gone);
}

TEST_F(BoostConditionsLoss, a_side_killed_in_mid_copy_does_not_hang_a_send) {
  start(send_for_ever, when_told(die_in_mid_copy));
  expect_asleep(*survivor_);
  go_ = true;
  expect_victim_dead();
  EXPECT_EQ(outcome(), Outcome::peer_gone);
}

TEST_F(BoostConditionsLoss, a_side_killed_in_mid_copy_may_hang_a_receive_that_sleeps) {
  start(receive_for_ever, when_told(die_in_mid_copy));
  expect_asleep(*survivor_);
  go_ = true;
  expect_victim_dead();
  const auto seen = outcome(soon(3 * ipc::kNoticeOfDeath));
  EXPECT_NE(seen, Outcome::neither);
  RecordProperty("outcome", seen == Outcome::hangs ? "hangs" : "PeerGone");
}

}  // namespace
}  // namespace mpmt::tests
