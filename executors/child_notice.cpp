#include "executors/child_notice.hpp"

#include <signal.h>

#include <array>
#include <atomic>
#include <stdexcept>

#include "base/checked.hpp"

namespace mpmt::executors {
namespace {

std::array<std::atomic<Bell*>, 64> bells{};
std::atomic<std::uint32_t> deaths{0};
int notices = 0;
struct sigaction former {};

extern "C" void on_child(int) {
  deaths.fetch_add(1, std::memory_order_relaxed);
  for (auto& entry : bells) {
    if (Bell* const bell = entry.load(std::memory_order_relaxed)) bell->ring_from_signal();
  }
}

std::size_t take_place(Bell& bell) {
  for (std::size_t place = 0; place < bells.size(); ++place) {
    Bell* none = nullptr;
    if (bells[place].compare_exchange_strong(none, &bell)) return place;
  }
  throw std::length_error("more than 64 process pools at once in one process");
}

}  // namespace

ChildNotice::ChildNotice(Bell& bell) : place_(take_place(bell)), seen_(deaths.load()) {
  if (notices++ > 0) return;
  struct sigaction action {};
  action.sa_handler = on_child;
  action.sa_flags = SA_RESTART | SA_NOCLDSTOP;
  checked([&] { return ::sigaction(SIGCHLD, &action, &former); }, "sigaction", "SIGCHLD");
}

ChildNotice::~ChildNotice() {
  if (--notices == 0) ::sigaction(SIGCHLD, &former, nullptr);
  bells[place_] = nullptr;
}

bool ChildNotice::news() {
  const auto now = deaths.load(std::memory_order_relaxed);
  const bool any = now != seen_;
  seen_ = now;
  return any;
}

}  // namespace mpmt::executors
