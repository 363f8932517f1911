// sleep_wait: waits a fixed time. Stands for a call that keeps the caller waiting and uses no resource of this machine:
// the purest I/O-bound task. Any number of waits overlap, so more workers than CPUs pay.
//
// The kernel may end a sleep late by the thread's timer slack, 50 us unless told otherwise: more than many a task here.
// Hence the session sets it to 1 ns. It stays with the thread; a forked worker would inherit its parent's, so every
// worker sets its own.
#include <sys/prctl.h>
#include <time.h>

#include "base/checked.hpp"
#include "workloads/kernel.hpp"
#include "workloads/mix.hpp"
#include "workloads/wait.hpp"

namespace mpmt::workloads {
namespace {

/// Each variant's result, given by a task that has waited.
constexpr std::uint64_t result_of(std::uint64_t variant) {
  return mix(variant + 1);
}

std::int64_t monotonic_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * std::int64_t{1'000'000'000} + now.tv_nsec;
}

class SleepWait {
 public:
  explicit SleepWait(const Parameters& parameters) : wait_ns_(std::chrono::nanoseconds(wait_of(parameters)).count()) {
    checked([] { return ::prctl(PR_SET_TIMERSLACK, 1UL); }, "prctl", "PR_SET_TIMERSLACK, 1 ns");
  }

  std::uint64_t operator()(std::uint64_t variant, std::span<const std::byte>, std::span<std::byte>) const {
    const std::int64_t end = monotonic_ns() + wait_ns_;
    // An absolute end: a signal that interrupts the sleep does not lengthen it.
    const timespec until{end / 1'000'000'000, end % 1'000'000'000};
    int error = EINTR;
    while (error == EINTR) error = ::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr);
    if (error != 0) throw_system_error(error, "clock_nanosleep", "CLOCK_MONOTONIC");
    if (monotonic_ns() < end) throw std::runtime_error("clock_nanosleep(CLOCK_MONOTONIC) came back before its time");
    return result_of(variant);
  }

 private:
  std::int64_t wait_ns_;
};

std::unique_ptr<Fixture> prepare(const Parameters& parameters) {
  wait_of(parameters);
  VariantResults results{};
  for (std::uint64_t variant = 0; variant < kVariants; ++variant) results[variant] = result_of(variant);
  return std::make_unique<KernelFixture<SleepWait>>(parameters, results);
}

const Registration registered{{.name = "sleep_wait",
                               .summary = "waits a fixed time: I/O that uses nothing of this machine",
                               .grain_unit = "one microsecond of waiting; waking up comes on top",
                               .kind = Kind::io,
                               .version = 1,
                               .unit = std::chrono::microseconds(1),
                               .prepare = prepare}};

}  // namespace
}  // namespace mpmt::workloads
