// A small model checker: runs code that is written over a memory policy (base/memory_model.hpp) in every interleaving
// of a few simulated threads, with store buffers, and says what goes wrong in one of them.
//
// What is modelled. The threads' loads, read-modify-writes and system calls take place one at a time, in the order of
// each thread's program, in shared memory. A store goes into the thread's own buffer; the thread itself sees it at
// once, others when it is flushed, which is a step of its own at any later time. A release store is flushed after all
// stores before it; others to different places in any order. A fence, a releasing read-modify-write and a system call
// wait until the buffer is empty; other read-modify-writes only for stores to their own place. Plain bytes of the
// shared memory are stored through the buffer too: what a thread has changed between two steps. A futex's wait compares
// and falls asleep in one step, and ends only when it is woken or by a signal's handler: there are no time-outs and no
// wake-ups for no reason, so that a lost wake-up leaves a thread asleep for ever, which is found. A signal's handler
// runs in its thread, once, at any time.
//
// What is not: loads that are carried out early or late (acquire and relaxed loads are the same thing here, as they are
// on x86, and speculation is not explored), stores visible to some threads before others, weaker read-modify-writes
// than above. So it is PSO, where a store that releases stays behind the earlier ones: weaker than x86's TSO, stronger
// than C++'s memory model. Plain reads are announced by read().
//
// How. Threads are fibers. Every execution begins anew, and follows the choices of the one before up to the last one
// that has an alternative: a depth-first search by replay, as VeriSoft (P. Godefroid, POPL 1997) and CHESS (M.
// Musuvathi et al., Finding and Reproducing Heisenbugs in Concurrent Programs, OSDI 2008) do. An execution ends early
// in a state that has been seen before: the shared memory, and for each thread its buffer and all that it has observed,
// of which its own state is a function. States are told apart by 64-bit hashes. Stores and returns from fences and
// sleeps concern nobody else, and are no steps. For store buffers in such a search see P. A. Abdulla et al., Stateless
// Model Checking for TSO and PSO (TACAS 2015), implemented in Nidhugg.
#pragma once

#include <atomic>
#include <concepts>
#include <functional>
#include <initializer_list>
#include <new>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "base/futex.hpp"

namespace mpmt::tests::model {

// What the simulated threads do, in terms of places in the shared memory. Outside of them, while the shared memory is
// built, it is accessed directly.

std::uint64_t load(const void* place, std::size_t bytes);
void store(void* place, std::uint64_t value, std::size_t bytes, bool release);
std::uint64_t fetch_add(void* place, std::uint64_t value, std::size_t bytes, bool release);
void fence();
void wait(const void* place, std::uint64_t expected, std::size_t bytes);
void wake(const void* place);

/// A step that comes before plain bytes are read.
void read(std::span<const std::byte> place);

/// Which of the simulated threads is running.
std::size_t this_thread();

/// A check within a simulated thread; when it fails, the exploration ends and tells this execution.
inline void require(bool holds, const char* what) {
  if (!holds) throw std::logic_error(what);
}

/// Says that all that the calling thread's future depends on, besides shared memory, is `local` and its place in the
/// program, which `local` tells too; what else it has observed no longer tells states apart. Nothing has to be said;
/// there are fewer states then.
void local_state(std::initializer_list<std::uint64_t> local);

/// Calls `poll` until it is true; after a failure not before another thread has changed the shared memory.
void spin_until(const std::function<bool()>& poll);

/// Used as RealMemory is.
struct Memory {
  template <std::unsigned_integral Value>
  class Atomic {
   public:
    constexpr Atomic(Value value) : value_(value) {}
    Atomic(const Atomic&) = delete;
    Atomic& operator=(const Atomic&) = delete;

    Value load(std::memory_order) const { return static_cast<Value>(model::load(&value_, sizeof value_)); }
    void store(Value value, std::memory_order order) {
      model::store(&value_, value, sizeof value_, releases(order));
      if (order == std::memory_order_seq_cst) model::fence();
    }
    Value fetch_add(Value value, std::memory_order order) {
      return static_cast<Value>(model::fetch_add(&value_, value, sizeof value_, releases(order)));
    }

   private:
    static bool releases(std::memory_order order) {
      return order == std::memory_order_release || order == std::memory_order_acq_rel ||
             order == std::memory_order_seq_cst;
    }

    Value value_;
  };

  static void fence() { model::fence(); }
  static void wait(const Atomic<std::uint32_t>& word, std::uint32_t expected, FutexScope,
                   std::optional<Deadline> deadline) {
    require(!deadline.has_value(), "a sleep with a deadline: there is no time here");
    model::wait(&word, expected, sizeof word);
  }
  static void wake(const Atomic<std::uint32_t>& word, FutexScope) { model::wake(&word); }
};

struct Exploration {
  std::string violation;  ///< what went wrong, and the steps that led there; or nothing
  std::size_t executions = 0;
  std::size_t states = 0;  ///< different ones
  std::size_t steps = 0;   ///< from one state to another, each counted once
};

/// What is run: `build` makes the shared memory's contents anew, in zeroed memory.
struct Scene {
  std::span<std::byte> shared;
  std::function<void()> build;
  std::vector<std::function<void()>> threads;
  std::function<void()> signal_handler = nullptr;  ///< of a signal to the first thread, which comes at any time, once
};

/// Explores all that can happen, up to the first violation.
Exploration explore(const Scene& scene);

/// Explores `roles` over one World, made anew each time; it is all that they share.
template <class World>
Exploration explore(const std::vector<std::function<void(World&)>>& roles,
                    const std::function<void(World&)>& signal_handler = nullptr) {
  static_assert(std::is_trivially_destructible_v<World>);
  alignas(World) static std::byte memory[sizeof(World)];
  World& world = *reinterpret_cast<World*>(memory);
  Scene scene{memory, [] { new (memory) World; }, {}};
  for (const auto& role : roles) scene.threads.push_back([&world, &role] { role(world); });
  if (signal_handler) scene.signal_handler = [&world, &signal_handler] { signal_handler(world); };
  return explore(scene);
}

}  // namespace mpmt::tests::model
