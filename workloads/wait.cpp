#include "workloads/wait.hpp"

#include <sys/prctl.h>
#include <time.h>

#include <cerrno>

#include "base/checked.hpp"

namespace mpmt::workloads {
namespace {

std::int64_t monotonic_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * std::int64_t{1'000'000'000} + now.tv_nsec;
}

}  // namespace

void wake_on_time() {
  checked([] { return ::prctl(PR_SET_TIMERSLACK, 1UL); }, "prctl", "PR_SET_TIMERSLACK, 1 ns");
}

void wait_for(std::chrono::nanoseconds time) {
  const std::int64_t end = monotonic_ns() + time.count();
  // An absolute end: a signal that interrupts the sleep does not lengthen it.
  const timespec until{end / 1'000'000'000, end % 1'000'000'000};
  int error = EINTR;
  while (error == EINTR) error = ::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr);
  if (error != 0) throw_system_error(error, "clock_nanosleep", "CLOCK_MONOTONIC");
  if (monotonic_ns() < end) throw std::runtime_error("clock_nanosleep(CLOCK_MONOTONIC) came back before its time");
}

}  // namespace mpmt::workloads
