// Which interleavings are run, and in which order.
#include <cstring>
#include <utility>

#include "base/text.hpp"
#include "interleaver.hpp"

namespace mpmt::tests::model {
namespace {

Interleaver* current = nullptr;

}  // namespace

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
  return text(who, Request::kNames[static_cast<int>(request.action)], " +", request.at, " (", request.operand, ")");
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
    if (may_run(thread))
      steps.push_back({Step::run, i, request.at, request.bytes, request.action != Request::Action::load});
    for (std::size_t store = 0; store < thread.stores.size(); ++store) {
      const auto& buffered = thread.stores[store];
      if (may_flush(thread, store)) steps.push_back({Step::flush, i, buffered.at, buffered.bytes.size()});
    }
  }
  if (scene_.signal_handler && !signalled_ && !threads_[0].fiber->ended()) steps.push_back({Step::signal, 0});
  return steps;
}

namespace {

bool in_thread() {
  return current != nullptr && current->in_thread();
}

}  // namespace

std::uint64_t load(const void* place, std::size_t bytes) {
  if (in_thread())
    return current->request({.action = Request::Action::load, .at = current->offset_of(place, bytes), .bytes = bytes});
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
  return current->request({.action = Request::Action::fetch_add,
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
  current->request({.action = Request::Action::wait,
                    .at = current->offset_of(place, bytes),
                    .bytes = bytes,
                    .operand = expected,
                    .drains = true});
}

void wake(const void* place) {
  if (in_thread())
    current->request({.action = Request::Action::wake, .at = current->offset_of(place, 1), .bytes = 1, .drains = true});
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
