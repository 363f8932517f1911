// What a step does to the simulated memory.
#include <cstring>
#include <utility>

#include "base/text.hpp"
#include "interleaver.hpp"

namespace mpmt::tests::model {

bool Interleaver::may_run(const Thread& thread) const {
  const auto& request = thread.request;
  if (thread.fiber->ended() || thread.asleep) return false;
  if (request.action == Request::Action::await_change) return thread.changed;
  if (request.drains) return thread.stores.empty();
  return request.action != Request::Action::fetch_add || std::ranges::none_of(thread.stores, [&](const auto& store) {
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
  if (request.action == Request::Action::fetch_add) {
    thread.result = read(request.at, request.bytes);
    const auto sum = thread.result + request.operand;
    std::memcpy(&shared_[request.at], &sum, request.bytes);
    tell_others_of_change(thread);
  } else if (request.action == Request::Action::wait) {
    thread.asleep = read(request.at, request.bytes) == request.operand;
    if (thread.asleep) return;
  } else if (request.action == Request::Action::wake) {
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
  if (request.action == Request::Action::load) me.result = read(request.at, std::min<std::size_t>(8, request.bytes));
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
  if (!running_->stores.empty()) request({.action = Request::Action::fence, .drains = true});
}

void Interleaver::local_state(std::initializer_list<std::uint64_t> local) {
  running_->observed = mixed(0, std::as_bytes(std::span(local.begin(), local.size())));
}

void Interleaver::spin_until(const std::function<bool()>& poll) {
  Thread& me = *running_;
  for (me.polling = true;; request({.action = Request::Action::await_change})) {
    me.changed = false;
    if (poll()) break;
  }
  me.polling = false;
}

}  // namespace mpmt::tests::model
