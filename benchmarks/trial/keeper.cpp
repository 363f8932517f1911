#include "benchmarks/trial/keeper.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <thread>

#include "base/checked.hpp"
#include "base/child_process.hpp"
#include "base/process_tree.hpp"

namespace mpmt::benchmarks {
namespace {

constexpr std::chrono::seconds kCleaning{2};
/// Who cleans up after a trial that was killed, as Python's resource tracker does with names of semaphores, is let do
/// so.
constexpr std::chrono::milliseconds kFarewell{200};
constexpr std::chrono::milliseconds kPause{2};
/// As a shell has it.
constexpr int kNotFound = 127;

sigset_t set_of(std::initializer_list<int> signals) {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : signals) ::sigaddset(&set, signal);
  return set;
}

[[noreturn]] void become(const std::vector<std::string>& words) {
  std::vector<char*> arguments;
  for (const auto& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  ::execvp(arguments[0], arguments.data());
  std::fprintf(stderr, "%s cannot be started: %s\n", arguments[0], std::strerror(errno));
  ::_exit(kNotFound);
}

/// The streams are the trial's: whoever reads them waits for their end.
void let_go_of_streams() {
  const Fd nothing(checked([] { return ::open("/dev/null", O_RDWR | O_CLOEXEC); }, "open", "/dev/null"));
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(nothing.get(), stream);
}

/// Ends as the trial did.
int ending_like(int status) {
  if (!WIFSIGNALED(status)) return WEXITSTATUS(status);
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  const int signal = WTERMSIG(status);
  ::signal(signal, SIG_DFL);
  const sigset_t only = set_of({signal});
  ::sigprocmask(SIG_UNBLOCK, &only, nullptr);
  ::raise(signal);
  return 128 + signal;
}

/// Reaps whatever ends meanwhile. Returns the trial's wait status; nothing when the keeper was told to end before.
std::optional<int> wait_for(pid_t trial, const sigset_t& awaited) {
  for (;;) {
    const int signal = ::sigwaitinfo(&awaited, nullptr);
    int status = 0;
    for (pid_t ended = 0; (ended = ::waitpid(-1, &status, WNOHANG)) > 0;) {
      if (ended == trial) return status;
    }
    if (signal == SIGTERM) return std::nullopt;
  }
}

/// Until all that came of the trial has ended by itself, or the deadline.
void wait_until_alone(Deadline deadline) {
  for (;;) {
    while (::waitpid(-1, nullptr, WNOHANG) > 0) {
    }
    if (descendants_of(::getpid()).empty() || Clock::now() >= deadline) return;
    std::this_thread::sleep_for(kPause);
  }
}

}  // namespace

std::optional<int> keep_trial(pid_t parent, const std::vector<std::string>& words) {
  const sigset_t awaited = set_of({SIGTERM, SIGCHLD});
  sigset_t before;
  ::sigprocmask(SIG_BLOCK, &awaited, &before);
  ::signal(SIGCHLD, SIG_DFL);
  adopt_orphans();
  checked([] { return ::prctl(PR_SET_PDEATHSIG, SIGTERM); }, "prctl", "PR_SET_PDEATHSIG");
  if (::getppid() != parent) return 0;
  const pid_t keeper = ::getpid();
  const pid_t trial = checked([] { return ::fork(); }, "fork", "a trial");
  if (trial == 0) {
    ::setpgid(0, 0);
    ::sigprocmask(SIG_SETMASK, &before, nullptr);
    die_with_parent(keeper);
    if (!words.empty()) become(words);
    return std::nullopt;
  }
  let_go_of_streams();
  const auto ended = wait_for(trial, awaited);
  if (!ended) ::kill(trial, SIGKILL);
  wait_until_alone(Clock::now() + kFarewell);
  end_descendants(Clock::now() + kCleaning);
  return ending_like(ended.value_or(SIGTERM));
}

}  // namespace mpmt::benchmarks
