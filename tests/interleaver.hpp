// The search through all interleavings, and the memory that it steps through: what interleavings.hpp is made of.
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "fiber.hpp"
#include "interleavings.hpp"

namespace mpmt::tests::model {

/// Thrown in a simulated thread whose execution is not followed any further.
struct Abandoned {};

inline std::uint64_t mixed(std::uint64_t hash, std::uint64_t value) {
  hash = ((hash + 0x9e3779b97f4a7c15) ^ value) * 0xbf58476d1ce4e5b9;
  return hash ^ hash >> 29;
}

inline std::uint64_t mixed(std::uint64_t hash, std::span<const std::byte> bytes) {
  for (; !bytes.empty(); bytes = bytes.subspan(std::min<std::size_t>(8, bytes.size()))) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data(), std::min<std::size_t>(8, bytes.size()));
    hash = mixed(hash, word);
  }
  return hash;
}

/// A store that others do not see yet.
struct Store {
  std::size_t at;
  std::vector<std::byte> bytes;
  bool release;

  bool touches(std::size_t other, std::size_t size) const { return at < other + size && other < at + bytes.size(); }
};

/// What a thread waits to do.
struct Request {
  enum class Action { load, fetch_add, fence, wait, wake, await_change };
  static constexpr const char* kNames[]{"load", "fetch_add", "fence", "wait", "wake", "await_change"};

  Action action = Action::load;
  std::size_t at = 0;
  std::size_t bytes = 0;
  std::uint64_t operand = 0;
  bool drains = false;  ///< only with an empty buffer

  bool concerns_nobody_else() const { return action == Action::fence || action == Action::await_change; }
};

struct Thread {
  std::unique_ptr<Fiber> fiber;
  std::vector<Store> stores = {};
  Request request = {};
  std::uint64_t result = 0;
  std::uint64_t observed = 0;  ///< hash of all results
  bool asleep = false;
  bool handler_due = false;
  bool polling = false;
  bool changed = false;  ///< another thread has changed the shared memory since it began to poll
};

struct Step {
  enum What { run, flush, signal };
  What what;
  std::size_t thread;
  std::size_t at = 0;  ///< the place that is read or written
  std::size_t bytes = 0;
  bool writes = true;

  /// Of the steps that are possible at one time.
  bool operator==(const Step& other) const { return what == other.what && thread == other.thread && at == other.at; }
};

/// Whether the two steps lead to the same state in either order.
inline bool independent(const Step& a, const Step& b) {
  if (a.what == Step::signal || b.what == Step::signal) return false;
  if (a.thread == b.thread && a.what == b.what && a.what == Step::run) return false;
  const bool overlap = a.at < b.at + b.bytes && b.at < a.at + a.bytes;
  return !overlap || (!a.writes && !b.writes);
}

inline bool contains(const std::vector<Step>& steps, const Step& step) {
  return std::ranges::find(steps, step) != steps.end();
}

class Interleaver {
 public:
  explicit Interleaver(const Scene& scene);
  Exploration explore();

  // Called in a simulated thread.
  bool in_thread() const { return running_ != nullptr; }
  std::size_t this_thread() const { return static_cast<std::size_t>(running_ - threads_.data()); }
  std::size_t offset_of(const void* place, std::size_t bytes) const;
  std::uint64_t request(const Request& request);
  void buffer(std::size_t at, std::uint64_t value, std::size_t bytes, bool release);
  void fence();
  void local_state(std::initializer_list<std::uint64_t> local);
  void spin_until(const std::function<bool()>& poll);

 private:
  struct Choice {
    std::vector<Step> steps;
    std::vector<Step> asleep;  ///< need not be taken, nor those in `steps` that have been
    std::size_t taken = 0;
  };

  void body(std::size_t number);
  void begin();
  void follow();
  void abandon();
  bool next_path();
  void tell_path();

  std::vector<Step> asleep() const;
  bool choose();
  std::uint64_t state() const;
  std::vector<Step> possible() const;
  bool may_run(const Thread& thread) const;
  static bool may_flush(const Thread& thread, std::size_t store);

  void take(const Step& step);
  void perform(Thread& thread);
  void flush(Thread& thread, std::size_t at);
  void settle();
  void run(Thread& thread);
  void buffer_plain_stores(Thread& thread);
  void write(const Store& store) {
    std::ranges::copy(store.bytes, shared_.begin() + static_cast<std::ptrdiff_t>(store.at));
  }
  std::uint64_t read(std::size_t at, std::size_t bytes) const;
  void tell_others_of_change(const Thread& author);
  std::string description(const Step& step) const;

  const Scene& scene_;
  const std::span<std::byte> shared_;  ///< while a thread runs: as that thread sees it
  std::vector<std::byte> memory_;      ///< meanwhile: as it is
  std::vector<std::byte> before_;      ///< meanwhile: as the thread saw it when its stores were buffered last
  std::vector<Thread> threads_;
  Thread* running_ = nullptr;
  bool abandoned_ = false;
  bool signalled_ = false;
  std::string failure_;
  std::vector<Choice> path_;
  std::unordered_map<std::uint64_t, std::vector<Step>> states_;  ///< with the steps that have not been taken there
  Exploration result_;
};

}  // namespace mpmt::tests::model
