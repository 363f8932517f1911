#include "ipc/ticks.hpp"

#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "base/bell.hpp"
#include "base/checked.hpp"

namespace mpmt::ipc {
namespace {

int tick_signal() {
  return SIGRTMIN + 5;
}

class ThreadTimer {
 public:
  ~ThreadTimer() {
    if (armed_) ::timer_delete(timer_);
  }

  void arm() {
    if (armed_) return resume();
    struct sigaction nothing {};
    nothing.sa_handler = [](int) {};
    checked([&] { return ::sigaction(tick_signal(), &nothing, nullptr); }, "sigaction", "tick");
    sigevent to_this_thread{};
    to_this_thread.sigev_notify = SIGEV_THREAD_ID;
    to_this_thread.sigev_signo = tick_signal();
    to_this_thread._sigev_un._tid = ::gettid();
    checked([&] { return ::timer_create(CLOCK_MONOTONIC, &to_this_thread, &timer_); }, "timer_create", "tick");
    armed_ = true;
    set_period(kLongestSleep);
  }

  void pause() {
    if (!armed_ || paused_) return;
    set_period(Nanoseconds(0));
    paused_ = true;
  }

  void resume() {
    if (!paused_) return;
    set_period(kLongestSleep);
    paused_ = false;
  }

  /// In a forked child, which does not inherit timers.
  void forget() { armed_ = paused_ = false; }

 private:
  void set_period(Nanoseconds time) {
    const timespec period{0, time.count()};
    const itimerspec regular{period, period};
    checked([&] { return ::timer_settime(timer_, 0, &regular, nullptr); }, "timer_settime", "tick");
  }

  bool armed_ = false;
  bool paused_ = false;
  timer_t timer_{};
};

thread_local ThreadTimer timer;

}  // namespace

void tick_in_blocking_calls() {
  static const int registered = ::pthread_atfork(nullptr, nullptr, [] { timer.forget(); });
  if (registered != 0) throw_system_error(registered, "pthread_atfork", "tick");
  timer.arm();
}

void pause_ticks() {
  timer.pause();
}

void resume_ticks() {
  timer.resume();
}

}  // namespace mpmt::ipc
