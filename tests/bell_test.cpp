// No wake-up is lost, between threads and between processes.
#include "base/bell.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "base/cpus.hpp"
#include "base/shared_region.hpp"
#include "executors/child_notice.hpp"
#include "in_child.hpp"

namespace mpmt::tests {
namespace {

using mpmt::Bell;
using mpmt::Wait;

/// Two sides that take turns.
struct Table {
  explicit Table(Bell::Scope scope) : bells{Bell(scope), Bell(scope)} {}
  Bell bells[2];
  std::atomic<std::uint32_t> turn{0};
};

/// As long as a machine that is busy with other things may take for turns of a test.
constexpr std::chrono::seconds kEnough{8};

/// Waits for odd or even turns on this side's bell, and rings the other's; ends both sides early where the machine is
/// slow. It sleeps until a far deadline of this turn's and no less, unlike wait_until(): a wake-up that is lost shows.
void take_turns(Table& table, std::uint32_t side, std::uint32_t turns) {
  const auto enough = Clock::now() + kEnough;
  for (std::uint32_t turn = side; turn < turns; turn += 2) {
    const auto my_turn = [&] { return table.turn.load(std::memory_order_relaxed) >= turn; };
    const Deadline deadline = soon();
    while (!my_turn()) {
      const auto ticket = table.bells[side].announce();
      if (!my_turn()) table.bells[side].sleep(ticket, deadline);
      table.bells[side].retract();
      require(Clock::now() < deadline, text("a wake-up was lost at turn ", turn));
    }
    if (table.turn.load(std::memory_order_relaxed) == turns) return;  // the other side has had enough
    const bool last = Clock::now() > enough;
    table.turn.store(last ? turns : turn + 1, std::memory_order_relaxed);
    table.bells[1 - side].ring();
    if (last) return;
  }
}

/// On one CPU every wait sleeps; on two, ringing and falling asleep run into each other.
void on_one_cpu_and_on_two(const std::function<void(const std::vector<int>& cpus, std::uint32_t turns)>& run) {
  const auto cpus = usable_cpus().cpus;
  run({cpus.front(), cpus.front()}, 200'000);
  run({cpus.front(), cpus.back()}, 20'000);
}

TEST(BellBetweenThreads, no_wake_up_is_lost) {
  on_one_cpu_and_on_two([](const auto& cpus, std::uint32_t turns) {
    Table table(Bell::Scope::one_process);
    std::string failures[2];
    std::thread sides[2];
    for (std::uint32_t side = 0; side < 2; ++side) {
      sides[side] = std::thread([&, side] {
        try {
          pin_to(cpus[side]);
          take_turns(table, side, turns);
        } catch (const std::exception& failure) {
          failures[side] = failure.what();
        }
      });
    }
    for (auto& side : sides) side.join();
    for (const auto& failure : failures) EXPECT_EQ(failure, "");
    EXPECT_EQ(table.turn, turns);
  });
}

TEST(BellBetweenProcesses, no_wake_up_is_lost) {
  on_one_cpu_and_on_two([](const auto& cpus, std::uint32_t turns) {
    const SharedRegion region(sizeof(Table));
    auto& table = *new (region.data()) Table(Bell::Scope::processes);
    std::optional<ChildProcess> sides[2];
    for (std::uint32_t side = 0; side < 2; ++side) {
      sides[side].emplace("side", [&, side] {
        pin_to(cpus[side]);
        take_turns(table, side, turns);
      });
    }
    for (auto& side : sides) {
      const auto end = side->reap(soon(std::chrono::seconds(30)));
      ASSERT_TRUE(end.has_value());
      EXPECT_EQ(end->describe(), "exited with 0");
    }
    EXPECT_EQ(table.turn, turns);
  });
}

/// 'S' of a thread of this process that sleeps.
char state_of(pid_t thread) {
  std::ifstream stat(text("/proc/self/task/", thread, "/stat"));
  std::string all{std::istreambuf_iterator<char>(stat), {}};
  const auto end = all.rfind(')');
  return end == std::string::npos || end + 2 >= all.size() ? '?' : all[end + 2];
}

TEST(BellBetweenThreads, whom_nothing_reaches_sleeps_in_the_end_however_it_waits) {
  for (const auto wait : {Wait::yield, Wait::spin}) {
    Bell bell(Bell::Scope::one_process);
    std::atomic<bool> come{false};
    std::atomic<pid_t> waiting{0};
    bool seen = false;
    std::thread waiter([&] {
      waiting = ::gettid();
      seen = wait_until(bell, wait, Deadline::max(), [&] { return come.load(); });
    });
    EXPECT_TRUE(comes_true([&] { return waiting != 0 && state_of(waiting) == 'S'; }));
    come = true;
    bell.ring();
    waiter.join();
    EXPECT_TRUE(seen);
  }
}

TEST(BellBetweenThreads, a_deadline_ends_every_wait) {
  for (const auto wait : {Wait::block, Wait::yield, Wait::spin}) {
    Bell bell(Bell::Scope::one_process);
    EXPECT_FALSE(wait_until(bell, wait, Clock::now() + std::chrono::milliseconds(20), [] { return false; }));
  }
}

constexpr Wait kWaits[]{Wait::block, Wait::yield, Wait::spin};

TEST(BellBetweenThreads, every_wait_sees_what_comes) {
  for (const auto wait : kWaits) {
    Bell bell(Bell::Scope::one_process);
    std::atomic<bool> come{false};
    std::thread ringer([&] {
      come = true;
      bell.ring();
    });
    EXPECT_TRUE(wait_until(bell, wait, soon(), [&] { return come.load(); }));
    ringer.join();
  }
}

TEST(BellBetweenThreads, every_wait_ends_at_its_deadline_and_looks_once_even_when_it_has_passed) {
  for (const auto wait : kWaits) {
    Bell bell(Bell::Scope::one_process);
    for (const auto patience : {std::chrono::milliseconds(-1), std::chrono::milliseconds(20)}) {
      const Deadline deadline = Clock::now() + patience;
      EXPECT_FALSE(wait_until(bell, wait, deadline, [] { return false; }));
      EXPECT_GE(Clock::now(), deadline);
      EXPECT_TRUE(wait_until(bell, wait, deadline, [] { return true; }));
    }
  }
}

TEST(BellBetweenThreads, what_comes_while_one_falls_asleep_is_seen) {
  Bell bell(Bell::Scope::one_process);
  for (const auto ring : {+[](Bell& b) { b.ring(); }, +[](Bell& b) { b.ring_from_signal(); }}) {
    const auto ticket = bell.announce();
    ring(bell);
    const auto deadline = soon();
    bell.sleep(ticket, deadline);
    bell.retract();
    EXPECT_LT(Clock::now(), deadline) << "it slept although it had been rung";
  }
}

TEST(BellBetweenProcesses, the_end_of_a_child_wakes_who_sleeps) {
  for (int round = 0; round < 50; ++round) {
    Bell bell(Bell::Scope::processes);
    executors::ChildNotice notice(bell);
    ChildProcess child("child", [] {});
    const Deadline deadline = soon();
    while (!notice.news()) {
      const auto ticket = bell.announce();
      if (!notice.news()) {
        bell.sleep(ticket, deadline);
        bell.retract();
        ASSERT_LT(Clock::now(), deadline) << "nobody woke us in round " << round;
        continue;
      }
      bell.retract();
      break;
    }
    EXPECT_FALSE(notice.news()) << "told twice";
    EXPECT_TRUE(child.reap(soon()).has_value());
  }
}

TEST(BellBetweenProcesses, the_former_handler_comes_back_after_the_last_notice) {
  const auto handler = [] {
    struct sigaction now {};
    ::sigaction(SIGCHLD, nullptr, &now);
    return now.sa_handler;
  };
  const auto before = handler();
  Bell bell(Bell::Scope::processes);
  {
    auto first = std::make_unique<executors::ChildNotice>(bell);
    const executors::ChildNotice second(bell);
    EXPECT_NE(handler(), before);
    first.reset();
    EXPECT_NE(handler(), before);
  }
  EXPECT_EQ(handler(), before);
}

TEST(BellBetweenProcesses, more_notices_than_there_is_room_for_are_refused) {
  Bell bell(Bell::Scope::processes);
  std::vector<std::unique_ptr<executors::ChildNotice>> notices;
  notices.reserve(64);
  for (int i = 0; i < 64; ++i) notices.push_back(std::make_unique<executors::ChildNotice>(bell));
  EXPECT_THROW(executors::ChildNotice{bell}, std::length_error);
  notices.pop_back();
  EXPECT_NO_THROW(executors::ChildNotice{bell});
}

}  // namespace
}  // namespace mpmt::tests
