#include "base/child_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <exception>

#include "base/checked.hpp"
#include "base/dispositions.hpp"
#include "base/shown.hpp"
#include "base/text.hpp"

namespace mpmt {
namespace {

constexpr int kThrew = 70;  // EX_SOFTWARE

void reset_signals() {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    if (!is_ignored(signal)) ::signal(signal, SIG_DFL);
  }
  for (const int signal : {SIGCHLD, SIGPIPE}) ::signal(signal, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

void detach_standard_streams() {
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null < 0) return;
  ::dup2(null, STDIN_FILENO);
  ::dup2(null, STDOUT_FILENO);
  ::close(null);
}

[[noreturn]] void live(const std::string& name, pid_t parent, const std::function<void()>& body) {
  die_with_parent(parent);
  reset_signals();
  detach_standard_streams();
  try {
    body();
  } catch (const std::exception& failure) {
    ::dprintf(STDERR_FILENO, "mpmt: %s\n", shown(text(name, ": ", failure.what())).c_str());
    ::_exit(kThrew);
  }
  ::_exit(0);
}

std::optional<ChildEnd> end_of(const siginfo_t& info) {
  if (info.si_pid == 0) return std::nullopt;
  return ChildEnd{info.si_code != CLD_EXITED, info.si_status};
}

}  // namespace

std::string ChildEnd::describe() const {
  if (!killed) return text("exited with ", code);
  const char* name = ::sigabbrev_np(code);
  return name != nullptr ? text("killed by SIG", name) : text("killed by signal ", code);
}

void die_with_parent(pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(kThrew);  // it ended before the signal was armed
}

ChildProcess::ChildProcess(std::string name, const std::function<void()>& body)
    : name_(std::move(name)), owner_(::getpid()) {
  pid_ = checked([] { return ::fork(); }, "fork", name_);
  if (pid_ == 0) live(name_, owner_, body);
  pidfd_ = Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  if (!pidfd_) {
    const int reason = errno;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    throw_system_error(reason, "pidfd_open", name_);
  }
}

ChildProcess::~ChildProcess() {
  if (end_ || ::getpid() != owner_) return;
  kill(SIGKILL);
  siginfo_t info{};
  while (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED) == -1 && errno == EINTR) {
  }
}

void ChildProcess::kill(int signal) const {
  if (!end_) ::kill(pid_, signal);
}

std::optional<ChildEnd> ChildProcess::try_reap() {
  if (end_) return end_;
  siginfo_t info{};
  checked([&] { return ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG); }, "waitid", name_);
  end_ = end_of(info);
  return end_;
}

std::optional<ChildEnd> ChildProcess::reap(Deadline deadline) {
  while (!try_reap()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return std::nullopt;
    pollfd ended{pidfd_.get(), POLLIN, 0};
    ::poll(&ended, 1, static_cast<int>(std::min<long>(left, 60'000)));
  }
  return end_;
}

}  // namespace mpmt
