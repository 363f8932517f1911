#include "interleavings.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>

#include "base/text.hpp"
#include "fiber.hpp"

namespace mpmt::tests::model {
namespace {

/// Thrown in a simulated thread whose execution is not followed any further.
struct Abandoned {};

std::uint64_t mixed(std::uint64_t hash, std::uint64_t value) {
  hash = ((hash + 0x9e3779b97f4a7c15) ^ value) * 0xbf58476d1ce4e5b9;
  return hash ^ hash >> 29;
}

std::uint64_t mixed(std::uint64_t hash, std::span<const std::byte> bytes) {
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
  enum Action { load, fetch_add, fence, wait, wake, await_change };
  static constexpr const char* kNames[]{"load", "fetch_add", "fence", "wait", "wake", "await_change"};

  Action action = load;
  std::size_t at = 0;
  std::size_t bytes = 0;
  std::uint64_t operand = 0;
  bool drains = false;  ///< only with an empty buffer

  bool concerns_nobody_else() const { return action == fence || action == await_change; }
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
bool independent(const Step& a, const Step& b) {
  if (a.what == Step::signal || b.what == Step::signal) return false;
  if (a.thread == b.thread && a.what == b.what && a.what == Step::run) return false;
  const bool overlap = a.at < b.at + b.bytes && b.at < a.at + a.bytes;
  return !overlap || (!a.writes && !b.writes);
}

bool contains(const std::vector<Step>& steps, const Step& step) {
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

Interleaver* current = nullptr;

Interleaver::Interleaver(const Scene& scene)
    : scene_(scene),
      shared_(scene.shared),
      memory_(scene.shared.size()),
      before_(scene.shared.size()),
      threads_(scene.threads.size()) {
  for (std::size_t i = 0; i < threads_.size(); ++i) {
    threads_[i].fiber = std::make_unique<Fiber>([this, i] { body(i); });
  }
}

void Interleaver::body(std::size_t number) {
  try {
    scene_.threads[number]();
  } catch (const Abandoned&) {
  } catch (const std::exception& failure) {
    failure_ = text("thread ", number, ": ", failure.what());
  }
}

Exploration Interleaver::explore() {
  do {
    begin();
    follow();
    abandon();
    ++result_.executions;
  } while (failure_.empty() && next_path());
  if (!failure_.empty()) tell_path();
  result_.states = states_.size();
  return std::move(result_);
}

void Interleaver::begin() {
  std::ranges::fill(shared_, std::byte{0});
  scene_.build();
  signalled_ = false;
  for (auto& thread : threads_) {
    thread = Thread{.fiber = std::move(thread.fiber)};
    thread.fiber->rewind();
  }
  for (auto& thread : threads_) run(thread);
  settle();
}

void Interleaver::follow() {
  for (std::size_t depth = 0; failure_.empty(); ++depth) {
    if (depth == path_.size() && !choose()) return;
    take(path_[depth].steps[path_[depth].taken]);
  }
}

/// What need not be done in the present state, since it has been done before what was done last, to the same effect.
std::vector<Step> Interleaver::asleep() const {
  std::vector<Step> asleep;
  if (path_.empty()) return asleep;
  const auto& choice = path_.back();
  const auto& last = choice.steps[choice.taken];
  const auto keep = [&](const Step& step) {
    if (independent(step, last)) asleep.push_back(step);
  };
  std::ranges::for_each(choice.asleep, keep);
  std::ranges::for_each(std::span(choice.steps).first(choice.taken), keep);
  return asleep;
}

/// What there is to explore from the present state, if anything.
bool Interleaver::choose() {
  auto steps = possible();
  if (steps.empty()) {
    const bool done = std::ranges::all_of(threads_, [](const auto& thread) { return thread.fiber->ended(); });
    if (!done) failure_ = "deadlock";
  }
  auto sleeping = asleep();
  const auto [place, is_new] = states_.try_emplace(state(), sleeping);
  auto& known = place->second;  // a variable, since clang does not capture structured bindings
  if (is_new) {
    std::erase_if(steps, [&](const Step& step) { return contains(sleeping, step); });
  } else {
    steps = std::exchange(known, {});
    std::erase_if(steps, [&](const Step& step) {
      const bool again = contains(sleeping, step);
      if (again) known.push_back(step);
      return again;
    });
    sleeping = known;
  }
  if (steps.empty()) return false;
  result_.steps += steps.size();
  path_.push_back({std::move(steps), std::move(sleeping)});
  return true;
}

void Interleaver::abandon() {
  abandoned_ = true;
  for (auto& thread : threads_) {
    if (!thread.fiber->ended()) run(thread);
  }
  abandoned_ = false;
}

bool Interleaver::next_path() {
  while (!path_.empty() && ++path_.back().taken == path_.back().steps.size()) path_.pop_back();
  return !path_.empty();
}

/// Runs the last execution once more.
void Interleaver::tell_path() {
  result_.violation = failure_ + "\n";
  begin();
  for (const auto& choice : path_) {
    const auto& step = choice.steps[choice.taken];
    result_.violation += description(step);
    take(step);
    if (step.what == Step::run) result_.violation += text(" -> ", threads_[step.thread].result);
    result_.violation += "\n";
  }
  abandon();
}

std::string Interleaver::description(const Step& step) const {
  const auto& thread = threads_[step.thread];
  const auto who = text("  thread ", step.thread, ": ");
  if (step.what == Step::signal) return who + "signal";
  if (step.what == Step::flush) {
    const auto store = std::ranges::find(thread.stores, step.at, &Store::at);
    std::uint64_t value = 0;
    std::memcpy(&value, store->bytes.data(), std::min<std::size_t>(8, step.bytes));
    return text(who, "flush +", step.at, ", ", step.bytes, " bytes: ", value);
  }
  const auto& request = thread.request;
  return text(who, Request::kNames[request.action], " +", request.at, " (", request.operand, ")");
}

std::uint64_t Interleaver::state() const {
  auto hash = mixed(signalled_, shared_);
  for (const auto& thread : threads_) {
    const std::uint64_t flags = std::uint64_t{thread.asleep} << 1 | (thread.polling && thread.changed ? 1 : 0);
    hash = mixed(mixed(mixed(hash, thread.observed), flags), thread.stores.size());
    for (const auto& store : thread.stores) {
      hash = mixed(mixed(hash, store.at << 1 | (store.release ? 1 : 0)), store.bytes.size());
      hash = mixed(hash, store.bytes);
    }
  }
  return hash;
}

std::vector<Step> Interleaver::possible() const {
  std::vector<Step> steps;
  for (std::size_t i = 0; i < threads_.size(); ++i) {
    const auto& thread = threads_[i];
    const auto& request = thread.request;
    if (may_run(thread)) steps.push_back({Step::run, i, request.at, request.bytes, request.action != Request::load});
    for (std::size_t store = 0; store < thread.stores.size(); ++store) {
      const auto& buffered = thread.stores[store];
      if (may_flush(thread, store)) steps.push_back({Step::flush, i, buffered.at, buffered.bytes.size()});
    }
  }
  if (scene_.signal_handler && !signalled_ && !threads_[0].fiber->ended()) steps.push_back({Step::signal, 0});
  return steps;
}

bool Interleaver::may_run(const Thread& thread) const {
  const auto& request = thread.request;
  if (thread.fiber->ended() || thread.asleep) return false;
  if (request.action == Request::await_change) return thread.changed;
  if (request.drains) return thread.stores.empty();
  return request.action != Request::fetch_add || std::ranges::none_of(thread.stores, [&](const auto& store) {
           return store.touches(request.at, request.bytes);
         });
}

bool Interleaver::may_flush(const Thread& thread, std::size_t store) {
  const auto& chosen = thread.stores[store];
  const auto earlier = std::span(thread.stores).first(store);
  return earlier.empty() || (!chosen.release && std::ranges::none_of(earlier, [&](const auto& other) {
           return other.touches(chosen.at, chosen.bytes.size());
         }));
}

void Interleaver::take(const Step& step) {
  auto& thread = threads_[step.thread];
  if (step.what == Step::flush) {
    flush(thread, step.at);
  } else if (step.what == Step::run) {
    perform(thread);
  } else {
    signalled_ = true;
    thread.handler_due = true;
    thread.observed = mixed(thread.observed, ~std::uint64_t{0});
    run(thread);
  }
  settle();
}

/// The part of what a thread wants to do that is seen by others; then the thread runs up to its next request.
void Interleaver::perform(Thread& thread) {
  const auto& request = thread.request;
  if (request.action == Request::fetch_add) {
    thread.result = read(request.at, request.bytes);
    const auto sum = thread.result + request.operand;
    std::memcpy(&shared_[request.at], &sum, request.bytes);
    tell_others_of_change(thread);
  } else if (request.action == Request::wait) {
    thread.asleep = read(request.at, request.bytes) == request.operand;
    if (thread.asleep) return;
  } else if (request.action == Request::wake) {
    for (auto& sleeper : threads_) {
      if (!sleeper.asleep || sleeper.request.at != request.at) continue;
      sleeper.asleep = false;
      run(sleeper);
    }
  }
  run(thread);
}

void Interleaver::flush(Thread& thread, std::size_t at) {
  const auto chosen = std::ranges::find(thread.stores, at, &Store::at);
  write(*chosen);
  thread.stores.erase(chosen);
  tell_others_of_change(thread);
}

void Interleaver::tell_others_of_change(const Thread& author) {
  for (auto& thread : threads_) thread.changed |= &thread != &author;
}

/// Lets threads go on whose next step concerns nobody else.
void Interleaver::settle() {
  for (auto& thread : threads_) {
    while (thread.request.concerns_nobody_else() && may_run(thread)) run(thread);
  }
}

/// The thread sees what it has stored itself, and others do not.
void Interleaver::run(Thread& thread) {
  std::ranges::copy(shared_, memory_.begin());
  for (const auto& store : thread.stores) write(store);
  std::ranges::copy(shared_, before_.begin());
  running_ = &thread;
  thread.fiber->resume();
  buffer_plain_stores(thread);
  running_ = nullptr;
  std::ranges::copy(memory_, shared_.begin());
}

void Interleaver::buffer_plain_stores(Thread& thread) {
  if (std::memcmp(shared_.data(), before_.data(), shared_.size()) == 0) return;
  for (std::size_t at = 0; at < shared_.size(); ++at) {
    auto end = at;
    while (end < shared_.size() && shared_[end] != before_[end]) ++end;
    if (end == at) continue;
    thread.stores.push_back({at, {&shared_[at], &shared_[at] + (end - at)}, false});
    at = end;
  }
  std::ranges::copy(shared_, before_.begin());
}

std::uint64_t Interleaver::read(std::size_t at, std::size_t bytes) const {
  std::uint64_t value = 0;
  std::memcpy(&value, &shared_[at], bytes);
  return value;
}

std::size_t Interleaver::offset_of(const void* place, std::size_t bytes) const {
  const auto offset = reinterpret_cast<std::uintptr_t>(place) - reinterpret_cast<std::uintptr_t>(shared_.data());
  require(offset <= shared_.size() && bytes <= shared_.size() - offset, "an atomic outside of the shared memory");
  return offset;
}

std::uint64_t Interleaver::request(const Request& request) {
  Thread& me = *running_;
  for (;;) {
    me.request = request;
    me.result = 0;
    me.fiber->suspend();
    if (abandoned_) throw Abandoned{};
    if (!me.handler_due) break;
    me.handler_due = false;
    const bool slept = std::exchange(me.asleep, false);
    scene_.signal_handler();
    if (slept) break;
  }
  if (request.action == Request::load) me.result = read(request.at, std::min<std::size_t>(8, request.bytes));
  if (!request.concerns_nobody_else()) me.observed = mixed(me.observed, me.result);
  return me.result;
}

void Interleaver::buffer(std::size_t at, std::uint64_t value, std::size_t bytes, bool release) {
  buffer_plain_stores(*running_);
  const auto* const first = reinterpret_cast<const std::byte*>(&value);
  running_->stores.push_back({at, {first, first + bytes}, release});
  write(running_->stores.back());
  std::memcpy(&before_[at], first, bytes);
}

void Interleaver::fence() {
  buffer_plain_stores(*running_);
  if (!running_->stores.empty()) request({.action = Request::fence, .drains = true});
}

void Interleaver::local_state(std::initializer_list<std::uint64_t> local) {
  running_->observed = mixed(0, std::as_bytes(std::span(local.begin(), local.size())));
}

void Interleaver::spin_until(const std::function<bool()>& poll) {
  Thread& me = *running_;
  for (me.polling = true;; request({.action = Request::await_change})) {
    me.changed = false;
    if (poll()) break;
  }
  me.polling = false;
}

bool in_thread() {
  return current != nullptr && current->in_thread();
}

}  // namespace

std::uint64_t load(const void* place, std::size_t bytes) {
  if (in_thread())
    return current->request({.action = Request::load, .at = current->offset_of(place, bytes), .bytes = bytes});
  std::uint64_t value = 0;
  std::memcpy(&value, place, bytes);
  return value;
}

void store(void* place, std::uint64_t value, std::size_t bytes, bool release) {
  if (in_thread()) return current->buffer(current->offset_of(place, bytes), value, bytes, release);
  std::memcpy(place, &value, bytes);
}

std::uint64_t fetch_add(void* place, std::uint64_t value, std::size_t bytes, bool release) {
  require(in_thread(), "fetch_add outside of the simulated threads");
  return current->request({.action = Request::fetch_add,
                           .at = current->offset_of(place, bytes),
                           .bytes = bytes,
                           .operand = value,
                           .drains = release});
}

void fence() {
  if (in_thread()) current->fence();
}

void wait(const void* place, std::uint64_t expected, std::size_t bytes) {
  require(in_thread(), "wait outside of the simulated threads");
  current->request({.action = Request::wait,
                    .at = current->offset_of(place, bytes),
                    .bytes = bytes,
                    .operand = expected,
                    .drains = true});
}

void wake(const void* place) {
  if (in_thread())
    current->request({.action = Request::wake, .at = current->offset_of(place, 1), .bytes = 1, .drains = true});
}

void read(std::span<const std::byte> place) {
  load(place.data(), place.size());
}

std::size_t this_thread() {
  return current->this_thread();
}

void local_state(std::initializer_list<std::uint64_t> local) {
  current->local_state(local);
}

void spin_until(const std::function<bool()>& poll) {
  current->spin_until(poll);
}

Exploration explore(const Scene& scene) {
  Interleaver interleaver(scene);
  current = &interleaver;
  auto exploration = interleaver.explore();
  current = nullptr;
  return exploration;
}

}  // namespace mpmt::tests::model
