// The bell (base/bell.hpp) in every interleaving: no wake-up is lost; and without one of its parts, one is.
#include <gtest/gtest.h>

#include "base/bell.hpp"
#include "exploration_checks.hpp"

namespace mpmt::tests::model {
namespace {

/// Something that comes in instalments, and the bell that is rung for each. The bell's word is about to wrap round.
template <class AnyMemory = Memory>
struct Door {
  using Word = typename AnyMemory::template Atomic<std::uint32_t>;

  void bring(Word& what, std::uint32_t count) {
    what.store(count, std::memory_order_relaxed);
    bell.ring();
    local_state({1, offset(what), count});
  }
  static auto has_come(const Word& what, std::uint32_t count) {
    return [&what, count] { return what.load(std::memory_order_relaxed) >= count; };
  }
  void sleep_until(const Word& what, std::uint32_t count) {
    const auto there = has_come(what, count);
    do {
      local_state({2, offset(what), count});
    } while (!there() && !bell.sleep_unless(there, std::nullopt));
    local_state({3, offset(what), count});
  }

  std::uint64_t offset(const Word& word) const {
    return static_cast<std::uint64_t>(reinterpret_cast<const char*>(&word) - reinterpret_cast<const char*>(this));
  }

  BasicBell<AnyMemory> bell{FutexScope::one_process, ~std::uint32_t{0}};
  Word first{0};
  Word second{0};
};

/// The first thread sleeps until both instalments have come, one after the other; the second one brings them.
template <class AnyMemory>
Exploration explore_two_rings() {
  using AnyDoor = Door<AnyMemory>;
  return explore<AnyDoor>({[](AnyDoor& door) {
                             door.sleep_until(door.first, 1);
                             door.sleep_until(door.first, 2);
                           },
                           [](AnyDoor& door) {
                             door.bring(door.first, 1);
                             door.bring(door.first, 2);
                           }});
}

TEST(BellInterleavings, no_ring_is_lost) {
  expect_sound(explore_two_rings<Memory>());
}

TEST(BellInterleavings, who_retracts_is_woken_the_next_time) {
  expect_sound(explore<Door<>>({[](Door<>& door) {
                                  door.bell.announce();
                                  door.bell.retract();
                                  door.sleep_until(door.first, 1);
                                  door.bell.announce();
                                  door.bell.retract();
                                  door.sleep_until(door.first, 2);
                                },
                                [](Door<>& door) {
                                  door.bring(door.first, 1);
                                  door.bring(door.first, 2);
                                }}));
}

TEST(BellInterleavings, several_may_ring) {
  expect_sound(explore<Door<>>({[](Door<>& door) {
                                  door.sleep_until(door.first, 1);
                                  door.sleep_until(door.second, 1);
                                },
                                [](Door<>& door) { door.bring(door.first, 1); },
                                [](Door<>& door) { door.bring(door.second, 1); }}));
}

TEST(BellInterleavings, two_may_take_turns) {
  struct Table {
    Door<> doors[2];
  };
  constexpr std::uint32_t kTurns = 3;
  expect_sound(explore<Table>({[](Table& table) {
                                 for (std::uint32_t turn = 1; turn <= kTurns; ++turn) {
                                   table.doors[0].bring(table.doors[0].first, turn);
                                   table.doors[1].sleep_until(table.doors[1].first, turn);
                                 }
                               },
                               [](Table& table) {
                                 for (std::uint32_t turn = 1; turn <= kTurns; ++turn) {
                                   table.doors[0].sleep_until(table.doors[0].first, turn);
                                   table.doors[1].bring(table.doors[1].first, turn);
                                 }
                               }}));
}

void ring_from_signal(Door<>& door) {
  door.first.store(1, std::memory_order_relaxed);
  door.bell.ring_from_signal();
}

TEST(BellInterleavings, a_signal_is_not_slept_through) {
  expect_sound(explore<Door<>>({[](Door<>& door) { door.sleep_until(door.first, 1); }}, ring_from_signal));
}

TEST(BellInterleavings, neither_a_signal_nor_a_ring_hides_the_other) {
  expect_sound(explore<Door<>>({[](Door<>& door) {
                                  door.sleep_until(door.first, 1);
                                  door.sleep_until(door.second, 1);
                                },
                                [](Door<>& door) { door.bring(door.second, 1); }},
                               ring_from_signal));
  expect_sound(explore<Door<>>({[](Door<>& door) {
                                  door.sleep_until(door.second, 1);
                                  door.sleep_until(door.first, 1);
                                },
                                [](Door<>& door) { door.bring(door.second, 1); }},
                               ring_from_signal));
}

/// Memory in which one thread's fences do nothing.
template <std::size_t thread>
struct NoFenceIn : Memory {
  static void fence() {
    if (this_thread() != thread) Memory::fence();
  }
};

TEST(BellFlaws, announcing_without_a_fence_is_caught) {
  expect_caught(explore_two_rings<NoFenceIn<0>>(), "deadlock");
}

TEST(BellFlaws, ringing_without_a_fence_is_caught) {
  expect_caught(explore_two_rings<NoFenceIn<1>>(), "deadlock");
}

/// Memory in which nothing is ever added.
struct NoCount : Memory {
  template <class Value>
  struct Atomic : Memory::Atomic<Value> {
    using Memory::Atomic<Value>::Atomic;
    void fetch_add(Value, std::memory_order) {}
  };
};

TEST(BellFlaws, a_wake_up_that_leaves_the_word_as_it_is_is_caught) {
  expect_caught(explore_two_rings<NoCount>(), "deadlock");
}

TEST(BellFlaws, a_sleeper_that_does_not_look_again_after_announcing_is_caught) {
  const auto sleeper = [](Door<>& door) {
    while (door.first.load(std::memory_order_relaxed) == 0) {
      door.bell.sleep(door.bell.announce(), std::nullopt);
      door.bell.retract();
    }
  };
  expect_caught(explore<Door<>>({sleeper, [](Door<>& door) { door.bring(door.first, 1); }}), "deadlock");
}

TEST(BellFlaws, a_ticket_drawn_after_looking_is_caught) {
  const auto sleeper = [](Door<>& door) {
    const auto there = Door<>::has_come(door.first, 1);
    while (!there()) {
      door.bell.announce();
      if (!there()) door.bell.sleep(door.bell.announce(), std::nullopt);
      door.bell.retract();
    }
  };
  expect_caught(explore<Door<>>({sleeper, [](Door<>& door) { door.bring(door.first, 1); }}), "deadlock");
}

TEST(BellFlaws, ringing_before_it_has_come_is_caught) {
  const auto ringer = [](Door<>& door) {
    door.bell.ring();
    door.first.store(1, std::memory_order_relaxed);
  };
  expect_caught(explore<Door<>>({[](Door<>& door) { door.sleep_until(door.first, 1); }, ringer}), "deadlock");
}

TEST(BellFlaws, a_signal_that_does_not_ring_is_caught) {
  expect_caught(explore<Door<>>({[](Door<>& door) { door.sleep_until(door.first, 1); }},
                                [](Door<>& door) { door.first.store(1, std::memory_order_relaxed); }),
                "deadlock");
}

}  // namespace
}  // namespace mpmt::tests::model
