#include "base/futex.hpp"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <climits>

namespace mpmt {
namespace {

int operation(FutexScope scope, int futex_op) {
  return scope == FutexScope::one_process ? futex_op | FUTEX_PRIVATE_FLAG : futex_op;
}

}  // namespace

void futex_wait(const std::atomic<std::uint32_t>& word, std::uint32_t expected, FutexScope scope,
                std::optional<Deadline> deadline) {
  if (!deadline) {
    ::syscall(SYS_futex, &word, operation(scope, FUTEX_WAIT), expected, nullptr, nullptr, 0);
    return;
  }
  const auto until = deadline->time_since_epoch();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(until);
  const timespec absolute{seconds.count(), Nanoseconds(until - seconds).count()};
  // FUTEX_WAIT_BITSET takes an absolute CLOCK_MONOTONIC time.
  ::syscall(SYS_futex, &word, operation(scope, FUTEX_WAIT_BITSET), expected, &absolute, nullptr,
            FUTEX_BITSET_MATCH_ANY);
}

void futex_wake(const std::atomic<std::uint32_t>& word, FutexScope scope) {
  ::syscall(SYS_futex, &word, operation(scope, FUTEX_WAKE), INT_MAX, nullptr, nullptr, 0);
}

}  // namespace mpmt
