#include "commands/held_process.hpp"

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/checked.hpp"
#include "base/child_process.hpp"
#include "base/text.hpp"
#include "commands/tree_usage.hpp"

namespace mpmt::commands {
namespace {

constexpr int kCannotExec = 127;
constexpr int kAboveThose = kShellGate + 1;
/// What a shell says with echo, and a fork the same way.
constexpr char kThere = '\n';
/// Milliseconds that a process may take to end after it has closed all that it had.
constexpr int kUntilEnded = 200;
/// Before the number of an error.
constexpr char kFailed = 'e';

/// Everything that a child needs, made before the fork.
struct Outfit {
  const char* path = nullptr;
  std::vector<char*> arguments;
  std::vector<char*> as_script;  ///< for a program without "#!" line, which a shell is to read
  int input = -1, errors = -1, there = -1, gate = -1;
  bool gate_in_shell = false;
  pid_t parent = 0;
};

std::vector<char*> pointers_to(const std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (const auto& word : words) pointers.push_back(const_cast<char*>(word.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

Fd opened_input(const std::string& path) {
  const int input = ::open(path.empty() ? "/dev/null" : path.c_str(), O_RDONLY | O_CLOEXEC);
  if (input < 0) throw CannotStart(text("--input: '", path, "': ", std::strerror(errno)));
  return Fd(input);
}

/// Above the numbers that a shell is told, so that nothing is closed by being put there.
int out_of_the_way(int descriptor) {
  const int above = ::fcntl(descriptor, F_DUPFD_CLOEXEC, kAboveThose);
  if (above < 0) ::_exit(kCannotExec);
  return above;
}

void reset_signals() {
  for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

[[noreturn]] void fail(int there, int reason) {
  std::array<char, 1 + sizeof reason> said{kFailed};
  std::memcpy(said.data() + 1, &reason, sizeof reason);
  [[maybe_unused]] const auto count = ::write(there, said.data(), said.size());
  ::_exit(kCannotExec);
}

/// The forked child, up to its exec.
[[noreturn]] void become(const Outfit& outfit) {
  die_with_parent(outfit.parent);
  ::setsid();
  reset_signals();
  const int there = out_of_the_way(outfit.there);
  const int gate = out_of_the_way(outfit.gate);
  const int errors = out_of_the_way(outfit.errors);
  const int null = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  const bool redirected =
      ::dup2(outfit.input, STDIN_FILENO) >= 0 && ::dup2(null, STDOUT_FILENO) >= 0 && ::dup2(errors, STDERR_FILENO) >= 0;
  if (!redirected) fail(there, errno);
  // Whatever we have open, and whoever forgot to say so. Kernels before 5.11 do not know the flag.
  ::syscall(SYS_close_range, STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
  if (outfit.gate_in_shell) {
    ::dup2(there, kShellSaysThere);
    ::dup2(gate, kShellGate);
  } else {
    char byte = kThere;
    if (::write(there, &byte, 1) != 1 || ::read(gate, &byte, 1) != 1) ::_exit(kCannotExec);
  }
  ::execv(outfit.path, outfit.arguments.data());
  if (errno == ENOEXEC) ::execv("/bin/sh", outfit.as_script.data());
  fail(there, errno);
}

bool is_asleep(pid_t process) {
  const auto status = std::string("/proc/") + std::to_string(process) + "/stat";
  const Fd file(::open(status.c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, 256> line{};
  if (!file || ::read(file.get(), line.data(), line.size() - 1) <= 0) return true;
  const char* const name_ends = std::strrchr(line.data(), ')');
  return name_ends == nullptr || name_ends[2] != 'R';
}

int milliseconds_until(Deadline deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
  return static_cast<int>(std::clamp<long>(left, 0, 60'000));
}

std::string reason_text(int reason) {
  return reason == ENOENT ? "no such program" : std::strerror(reason);
}

}  // namespace

HeldProcess::HeldProcess(const Command& command, Deadline deadline)
    : command_(quoted(command.text)), invocation_(invocation_of(command)), errors_(std::move(errors_pipe_.read)) {
  const Fd input = opened_input(command.input);
  auto as_script = invocation_.arguments;
  as_script.front() = invocation_.path;
  as_script.insert(as_script.begin(), "/bin/sh");
  const Outfit outfit{.path = invocation_.path.c_str(),
                      .arguments = pointers_to(invocation_.arguments),
                      .as_script = pointers_to(as_script),
                      .input = input.get(),
                      .errors = errors_pipe_.write.get(),
                      .there = there_.write.get(),
                      .gate = gate_.read.get(),
                      .gate_in_shell = invocation_.gate_in_shell,
                      .parent = ::getpid()};
  pid_ = checked([] { return ::fork(); }, "fork", command_);
  if (pid_ == 0) become(outfit);
  pidfd_ = Fd(checked([&] { return static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)); }, "pidfd_open", command_));
  // So that the ends of these pipes tell of the child's. The gate stays whole: a write must not fail where the child
  // has been killed.
  there_.write.reset();
  errors_pipe_.write.reset();
  checked([&] { return ::fcntl(there_.read.get(), F_SETFL, O_NONBLOCK); }, "fcntl", command_);
  wait_until_there(deadline);
}

void HeldProcess::wait_until_there(Deadline deadline) {
  while (!hear()) {
    if (there_ended_) throw CannotStart(why_not_there());
    if (Clock::now() >= deadline) throw StartTimedOut(text(command_, " did not get to start before the deadline"));
    std::array<pollfd, 2> watched{pollfd{there_.read.get(), POLLIN, 0}, pollfd{errors_.descriptor(), POLLIN, 0}};
    ::poll(watched.data(), watched.size(), milliseconds_until(deadline));
    if (watched[1].revents != 0) errors_.drain();
  }
  // It has said so, and is about to fall asleep: what it has used is complete when it does.
  while (!is_asleep(pid_) && Clock::now() < deadline) ::sched_yield();
  used_before_ = usage_of(pid_);
}

/// For a child that will not say any more that it is there.
std::string HeldProcess::why_not_there() {
  if (auto failure = exec_failure(); !failure.empty()) return failure;
  // Its last words may be on their way.
  pollfd ended{pidfd_.get(), POLLIN, 0};
  ::poll(&ended, 1, kUntilEnded);
  errors_.drain();
  return text(command_, ": ", invocation_.program, " ended before it began", errors_.after_colon());
}

/// Whether it has said that it is there.
bool HeldProcess::hear() {
  std::array<char, 16> buffer;
  while (!there_ended_) {
    const auto count = ::read(there_.read.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) break;
    if (count <= 0) there_ended_ = true;
    if (count > 0) heard_.append(buffer.data(), static_cast<std::size_t>(count));
  }
  return heard_.starts_with(kThere);
}

void HeldProcess::release() {
  const char byte = '\n';
  checked([&] { return ::write(gate_.write.get(), &byte, 1); }, "write", command_);
}

bool HeldProcess::has_own_memory() {
  hear();
  return invocation_.gate_in_shell || there_ended_;
}

void HeldProcess::wait_until_begun(Deadline deadline) {
  // By then it has closed its end, or has ended.
  for (hear(); !there_ended_ && Clock::now() < deadline; hear()) {
    pollfd there{there_.read.get(), POLLIN, 0};
    ::poll(&there, 1, milliseconds_until(deadline));
  }
}

std::string HeldProcess::exec_failure() {
  hear();
  const auto at = heard_.find(kFailed);
  int reason = 0;
  if (at == std::string::npos || heard_.size() < at + 1 + sizeof reason) return {};
  std::memcpy(&reason, heard_.data() + at + 1, sizeof reason);
  const auto who = invocation_.program.empty() ? std::string() : invocation_.program + ": ";
  return text(command_, ": ", who, reason_text(reason));
}

}  // namespace mpmt::commands
