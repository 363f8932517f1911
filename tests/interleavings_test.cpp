// The model checker itself: it finds what it must find, and nothing that cannot be.
#include "interleavings.hpp"

#include <gtest/gtest.h>

#include <set>

namespace mpmt::tests::model {
namespace {

using Word = Memory::Atomic<std::uint32_t>;
constexpr auto kRelaxed = std::memory_order_relaxed;
constexpr auto kRelease = std::memory_order_release;
constexpr auto kAcquire = std::memory_order_acquire;

struct Words {
  Word a{0};
  Word b{0};
  std::uint32_t plain = 0;
};
using Role = std::function<void(Words&)>;
using Pair = std::pair<std::uint32_t, std::uint32_t>;

TEST(Interleavings, all_of_them_are_explored) {
  std::set<std::uint32_t> sums;
  const Role increment = [&](Words& words) {
    words.a.store(words.a.load(kRelaxed) + 1, kRelaxed);
    fence();
    words.b.fetch_add(1, kRelaxed);
    spin_until([&] { return words.b.load(kRelaxed) == 2; });
    sums.insert(words.a.load(kRelaxed));
  };
  EXPECT_EQ(explore<Words>({increment, increment}).violation, "");
  EXPECT_EQ(sums, (std::set<std::uint32_t>{1, 2})) << "one increment may be lost";
}

TEST(Interleavings, states_are_counted_once) {
  const Role twice = [](Words& words) {
    words.a.load(kRelaxed);
    words.a.load(kRelaxed);
  };
  const auto exploration = explore<Words>({twice, twice});
  EXPECT_EQ(exploration.states, 9U) << "each thread has done 0, 1 or 2 steps";
  EXPECT_EQ(exploration.steps, 8U) << "one way to each but the first";
}

/// What each thread reads of the other's word after having stored its own.
std::set<Pair> store_buffering(bool fence_a, bool fence_b) {
  std::set<Pair> outcomes;
  std::uint32_t read[2];
  std::uint32_t done = 0;
  const auto role = [&](std::size_t number, Word Words::*mine, Word Words::*other, bool with_fence) -> Role {
    return [=, &outcomes, &read, &done](Words& words) {
      if (number == 0) done = 0;
      (words.*mine).store(1, kRelaxed);
      if (with_fence) fence();
      read[number] = (words.*other).load(kRelaxed);
      if (++done == 2) outcomes.insert({read[0], read[1]});
    };
  };
  EXPECT_EQ(explore<Words>({role(0, &Words::a, &Words::b, fence_a), role(1, &Words::b, &Words::a, fence_b)}).violation,
            "");
  return outcomes;
}

TEST(Interleavings, both_threads_may_miss_the_others_store_unless_both_have_a_fence) {
  EXPECT_TRUE(store_buffering(false, false).contains({0, 0}));
  EXPECT_TRUE(store_buffering(true, false).contains({0, 0}));
  EXPECT_EQ(store_buffering(true, true), (std::set<Pair>{{0, 1}, {1, 0}, {1, 1}}));
}

/// Whether who sees the second word always sees what was stored before it.
std::string message_passing(std::memory_order order, bool plain) {
  return explore<Words>({[&](Words& words) {
                           if (plain) {
                             words.plain = 7;
                           } else {
                             words.a.store(7, kRelaxed);
                           }
                           words.b.store(1, order);
                         },
                         [&](Words& words) {
                           spin_until([&] { return words.b.load(kAcquire) == 1; });
                           read(std::as_bytes(std::span(&words.plain, 1)));
                           require((plain ? words.plain : words.a.load(kRelaxed)) == 7, "old contents");
                         }})
      .violation;
}

TEST(Interleavings, stores_overtake_each_other_unless_the_later_one_releases) {
  for (const bool plain : {false, true}) {
    EXPECT_NE(message_passing(kRelaxed, plain).find("old contents"), std::string::npos);
    EXPECT_EQ(message_passing(kRelease, plain), "");
  }
}

TEST(Interleavings, a_thread_sees_its_own_stores_in_order) {
  const auto exploration = explore<Words>({[](Words& words) {
                                             words.a.store(1, kRelaxed);
                                             words.a.store(2, kRelaxed);
                                             words.plain = 3;
                                             require(words.a.load(kRelaxed) == 2 && words.plain == 3, "own stores");
                                           },
                                           [](Words& words) {
                                             const auto first = words.a.load(kRelaxed);
                                             require(first <= words.a.load(kRelaxed), "went backwards");
                                           }});
  EXPECT_EQ(exploration.violation, "");
}

TEST(Interleavings, who_sleeps_for_ever_is_found_and_the_steps_are_told) {
  const Role sleeper = [](Words& words) { Memory::wait(words.a, 0, FutexScope::one_process, std::nullopt); };
  const Role only_wakes = [](Words& words) { Memory::wake(words.a, FutexScope::one_process); };
  const auto violation = explore<Words>({sleeper, only_wakes}).violation;
  EXPECT_EQ(violation, "deadlock\n  thread 1: wake +0 (0) -> 0\n  thread 0: wait +0 (0) -> 0\n");

  const Role changes_and_wakes = [](Words& words) {
    words.a.fetch_add(1, kRelaxed);
    Memory::wake(words.a, FutexScope::one_process);
  };
  EXPECT_EQ(explore<Words>({sleeper, changes_and_wakes}).violation, "");
}

TEST(Interleavings, a_signal_comes_at_any_time) {
  std::set<std::uint32_t> seen;
  const Role counts = [&](Words& words) {
    const auto before = words.a.load(kRelaxed);
    const auto after = words.a.load(kRelaxed);
    seen.insert(10 * before + after);
  };
  EXPECT_EQ(explore<Words>({counts}, [](Words& words) { words.a.fetch_add(1, kRelaxed); }).violation, "");
  EXPECT_EQ(seen, (std::set<std::uint32_t>{0, 1, 11}));
}

TEST(Interleavings, a_signal_ends_a_sleep) {
  const Role sleeper = [](Words& words) { Memory::wait(words.a, 0, FutexScope::one_process, std::nullopt); };
  EXPECT_NE(explore<Words>({sleeper}, [](Words&) {}).violation, "") << "it comes before";
  EXPECT_EQ(explore<Words>({sleeper}, [](Words& words) { words.a.fetch_add(1, kRelaxed); }).violation, "");
}

}  // namespace
}  // namespace mpmt::tests::model
