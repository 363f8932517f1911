#include "base/interrupt.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/checked.hpp"
#include "base/dispositions.hpp"

namespace mpmt {
namespace {

sigset_t taken() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    if (!is_ignored(signal)) ::sigaddset(&set, signal);  // blocked, an ignored one would be kept for us all the same
  }
  return set;
}

/// Whether its reader can leave: a terminal that hangs up sends SIGHUP, which may have to be ignored.
bool has_reader(int output) {
  struct stat status {};
  return output >= 0 && ::fstat(output, &status) == 0 && (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode));
}

void watch(const Fd& epoll, int descriptor, unsigned events) {
  epoll_event event{};
  event.events = events;
  checked([&] { return ::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, descriptor, &event); }, "epoll_ctl");
}

}  // namespace

Interrupt::Interrupt(int output) : output_(has_reader(output) ? output : -1) {
  const sigset_t set = taken();
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  signals_ = Fd(checked([&] { return ::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC); }, "signalfd"));
  either_ = Fd(checked([] { return ::epoll_create1(EPOLL_CLOEXEC); }, "epoll_create1"));
  watch(either_, signals_.get(), EPOLLIN);
  if (output_ >= 0) watch(either_, output_, 0);  // errors and the end are told without being asked for
}

bool Interrupt::requested() {
  signalfd_siginfo info{};
  while (::read(signals_.get(), &info, sizeof info) == sizeof info) requested_ = true;
  look_at_output();
  return requested_;
}

void Interrupt::look_at_output() {
  pollfd watched{output_, 0, 0};  // poll passes -1 over
  if (reader_gone_ || ::poll(&watched, 1, 0) != 1) return;
  reader_gone_ = requested_ = true;
}

}  // namespace mpmt
