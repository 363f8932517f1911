#include "benchmarks/interrupt.hpp"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/checked.hpp"

namespace mpmt::benchmarks {
namespace {

sigset_t taken() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) ::sigaddset(&set, signal);
  return set;
}

}  // namespace

Interrupt::Interrupt() {
  const sigset_t set = taken();
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  signals_ = Fd(checked([&] { return ::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC); }, "signalfd"));
}

bool Interrupt::requested() {
  signalfd_siginfo info{};
  while (::read(signals_.get(), &info, sizeof info) == sizeof info) requested_ = true;
  return requested_;
}

}  // namespace mpmt::benchmarks
