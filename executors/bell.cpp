#include "executors/bell.hpp"

#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <climits>

namespace mpmt::executors {
namespace {

// Private futexes are found by address alone, shared ones by page: a private one is somewhat cheaper.
int operation(Bell::Scope scope, int futex_op) {
  return scope == Bell::Scope::one_process ? futex_op | FUTEX_PRIVATE_FLAG : futex_op;
}

}  // namespace

void Bell::wake() {
  sleeping_.store(0, std::memory_order_relaxed);
  word_.fetch_add(1, std::memory_order_release);
  ::syscall(SYS_futex, &word_, operation(scope_, FUTEX_WAKE), INT_MAX, nullptr, nullptr, 0);
}

void Bell::sleep(std::uint32_t ticket, Deadline deadline) {
  const auto until = deadline.time_since_epoch();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(until);
  const timespec absolute{seconds.count(), Nanoseconds(until - seconds).count()};
  // FUTEX_WAIT_BITSET takes an absolute CLOCK_MONOTONIC time.
  ::syscall(SYS_futex, &word_, operation(scope_, FUTEX_WAIT_BITSET), ticket, &absolute, nullptr,
            FUTEX_BITSET_MATCH_ANY);
}

void yield_cpu() {
  ::sched_yield();
}

}  // namespace mpmt::executors
