#include "benchmarks/trial/started_trial.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <exception>
#include <stdexcept>
#include <utility>

#include "base/checked.hpp"
#include "base/child_process.hpp"
#include "base/clock.hpp"
#include "base/pipe.hpp"
#include "base/text.hpp"
#include "benchmarks/trial/spawn_attributes.hpp"

namespace mpmt::benchmarks {
namespace {

constexpr auto kForker = "the process that forks trials";
/// It has some ten milliseconds of work.
constexpr timeval kMostSilence{10, 0};
/// Somebody may kill or stop it: then another one does its work.
constexpr int kAttempts = 3;
/// Standard input, output and error.
constexpr std::size_t kStreams = 3;
/// A message carries 253 descriptors at most (SCM_MAX_FD in unix(7)).
constexpr std::size_t kMostAtOnce = 253 / kStreams;

/// Somewhat more than a keeper takes at most.
constexpr std::chrono::milliseconds kKeepersPatience{2500};

/// It was killed, or does not answer.
struct ForkerLost : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The two sides of the three pipes of a trial.
struct Pipes {
  Pipe input, output, errors;

  std::array<int, kStreams> of_trial() const { return {input.read.get(), output.write.get(), errors.write.get()}; }
  StartedTrial to(pid_t pid, bool kept) {
    return {pid, std::move(input.write), std::move(output.read), std::move(errors.read), kept};
  }
};

void make_nonblocking(const Fd& fd) {
  const int flags = checked([&] { return ::fcntl(fd.get(), F_GETFL); }, "fcntl");
  checked([&] { return ::fcntl(fd.get(), F_SETFL, flags | O_NONBLOCK); }, "fcntl");
}

pid_t spawn(const std::vector<std::string>& command, const SpawnAttributes& attributes) {
  std::vector<char*> arguments;
  for (const auto& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  pid_t pid = -1;
  const int reason =
      ::posix_spawnp(&pid, arguments[0], attributes.actions(), attributes.attributes(), arguments.data(), environ);
  if (reason != 0) throw_system_error(reason, "posix_spawn", command.front());
  return pid;
}

/// The wait status of a child that has ended or is about to.
int wait_status_of(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) == -1 && errno == EINTR) {
  }
  return status;
}

/// While it lives, descendants of this process whose parents end become its children.
class TakesOrphans {
 public:
  TakesOrphans() {
    checked([&] { return ::prctl(PR_GET_CHILD_SUBREAPER, &before_); }, "prctl", "PR_GET_CHILD_SUBREAPER");
    checked([] { return ::prctl(PR_SET_CHILD_SUBREAPER, 1); }, "prctl", "PR_SET_CHILD_SUBREAPER");
  }
  ~TakesOrphans() { ::prctl(PR_SET_CHILD_SUBREAPER, before_); }
  TakesOrphans(const TakesOrphans&) = delete;
  TakesOrphans& operator=(const TakesOrphans&) = delete;

 private:
  int before_ = 0;
};

/// The run's side of the process that forks trials; ended and reaped in the destructor.
class Forker {
 public:
  Forker() {
    int ends[2];
    checked([&] { return ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends); }, "socketpair", kForker);
    socket_ = Fd(ends[0]);
    const Fd its_end(ends[1]);
    checked([&] { return ::setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &kMostSilence, sizeof kMostSilence); },
            "setsockopt", kForker);
    SpawnAttributes attributes;
    attributes.redirect(its_end, STDIN_FILENO);
    pid_ = spawn({"/proc/self/exe", "trial", "--fork", "--parent", std::to_string(::getpid())}, attributes);
  }
  ~Forker() {
    ::kill(pid_, SIGKILL);
    wait_status_of(pid_);
  }
  Forker(const Forker&) = delete;
  Forker& operator=(const Forker&) = delete;

  void send(const std::vector<int>& descriptors) const {
    char byte = 0;
    iovec data{&byte, 1};
    std::vector<char> control(CMSG_SPACE(descriptors.size() * sizeof(int)));
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(descriptors.size() * sizeof(int));
    std::memcpy(CMSG_DATA(header), descriptors.data(), descriptors.size() * sizeof(int));
    ssize_t sent = 0;
    do {
      sent = ::sendmsg(socket_.get(), &message, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent < 0 && (errno == EPIPE || errno == ECONNRESET)) throw ForkerLost(text(kForker, " has ended"));
    if (sent < 0) throw_system_error(errno, "sendmsg", kForker);
  }

  /// The process id of the next trial.
  pid_t receive() const {
    pid_t said = 0;
    ssize_t count = 0;
    do {
      count = ::recv(socket_.get(), &said, sizeof said, MSG_WAITALL);
    } while (count < 0 && errno == EINTR);
    if (count < 0 && errno == EAGAIN)
      throw ForkerLost(text(kForker, " has not answered within ", kMostSilence.tv_sec, " s"));
    if (count != sizeof said) throw ForkerLost(text(kForker, " ended before it had forked them"));
    if (said < 0) throw_system_error(-said, "fork", "a trial");
    return said;
  }

 private:
  Fd socket_;
  pid_t pid_ = -1;
};

/// The descriptors that the run sends to the process that forks trials; none when it has gone.
std::vector<Fd> receive_descriptors() {
  char byte = 0;
  iovec data{&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(kMostAtOnce * kStreams * sizeof(int))];
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  checked([&] { return ::recvmsg(STDIN_FILENO, &message, MSG_CMSG_CLOEXEC); }, "recvmsg", "descriptors for trials");
  std::vector<Fd> received;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    for (std::size_t at = 0; at + sizeof(int) <= header->cmsg_len - CMSG_LEN(0); at += sizeof(int)) {
      int descriptor = -1;
      std::memcpy(&descriptor, CMSG_DATA(header) + at, sizeof descriptor);
      received.emplace_back(descriptor);
    }
  }
  return received;
}

/// Until its children have been given to another parent.
void wait_for_end(pid_t process) {
  const Fd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, process, 0)));
  if (!pidfd) return;
  pollfd ended{pidfd.get(), POLLIN, 0};
  checked([&] { return ::poll(&ended, 1, -1); }, "poll", kForker);
}

/// By one process, that many.
std::vector<StartedTrial> forked(std::size_t count) {
  std::vector<Pipes> pipes(count);
  std::vector<int> descriptors;
  for (const auto& of_one : pipes) {
    for (const int descriptor : of_one.of_trial()) descriptors.push_back(descriptor);
  }
  std::vector<pid_t> pids;
  std::exception_ptr failure;
  {
    const Forker forker;
    try {
      forker.send(descriptors);
      while (pids.size() < pipes.size()) pids.push_back(forker.receive());
    } catch (...) {
      failure = std::current_exception();
    }
  }
  // It has been reaped: its children are ours, also those that are only there to be reaped.
  std::vector<StartedTrial> started;
  for (std::size_t i = 0; i < pids.size(); ++i) started.push_back(pipes[i].to(pids[i], false));
  if (failure) std::rethrow_exception(failure);
  return started;
}

}  // namespace

StartedTrial::StartedTrial(pid_t pid, Fd to_it, Fd from_it, Fd its_errors, bool kept)
    : to(std::move(to_it)),
      from(std::move(from_it)),
      errors(std::move(its_errors)),
      pid_(pid),
      pidfd_(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))),
      kept_(kept) {
  for (const Fd* fd : {&to, &from, &errors}) make_nonblocking(*fd);
}

StartedTrial::StartedTrial(StartedTrial&& other) noexcept
    : to(std::move(other.to)),
      from(std::move(other.from)),
      errors(std::move(other.errors)),
      pid_(other.pid_),
      pidfd_(std::move(other.pidfd_)),
      kept_(other.kept_),
      reaped_(std::exchange(other.reaped_, true)),
      wait_status_(other.wait_status_) {}

StartedTrial::~StartedTrial() {
  reap();
}

int StartedTrial::reap() {
  if (reaped_) return wait_status_;
  if (kept_) end_by_its_keeper();
  ::kill(-pid_, SIGKILL);
  wait_status_ = wait_status_of(pid_);
  reaped_ = true;
  return wait_status_;
}

void StartedTrial::end_by_its_keeper() const {
  ::kill(pid_, SIGTERM);
  pollfd ended{pidfd_.get(), POLLIN, 0};
  const auto until = Clock::now() + kKeepersPatience;
  while (ended.revents == 0 && Clock::now() < until) {
    ::poll(&ended, 1, static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count()));
  }
}

StartedTrial start_kept_trial(const std::vector<std::string>& command) {
  std::vector<std::string> words{"/proc/self/exe", "trial", "--keep", "--parent", std::to_string(::getpid()), "--"};
  words.insert(words.end(), command.begin(), command.end());
  Pipes pipes;
  SpawnAttributes attributes;
  attributes.redirect(pipes.input.read, STDIN_FILENO);
  attributes.redirect(pipes.output.write, STDOUT_FILENO);
  attributes.redirect(pipes.errors.write, STDERR_FILENO);
  return pipes.to(spawn(words, attributes), true);
}

std::vector<StartedTrial> start_own_trials(std::size_t count) {
  std::vector<StartedTrial> started;
  started.reserve(count);
  const TakesOrphans takes_orphans;
  for (int attempt = 1; started.size() < count;) {
    try {
      for (auto& trial : forked(std::min(count - started.size(), kMostAtOnce))) started.push_back(std::move(trial));
    } catch (const ForkerLost&) {
      if (attempt++ == kAttempts) throw;
    }
  }
  return started;
}

bool fork_own_trials(pid_t parent) {
  die_with_parent(parent);
  const pid_t forker = ::getpid();
  const auto descriptors = receive_descriptors();
  for (std::size_t at = 0; at + kStreams <= descriptors.size(); at += kStreams) {
    const pid_t child = ::fork();
    if (child == 0) {
      for (std::size_t stream = 0; stream < kStreams; ++stream) {
        ::dup2(descriptors[at + stream].get(), static_cast<int>(stream));
      }
      wait_for_end(forker);
      return true;
    }
    const pid_t said = child > 0 ? child : -errno;
    if (child > 0) ::setpgid(child, child);
    checked([&] { return ::send(STDIN_FILENO, &said, sizeof said, MSG_NOSIGNAL); }, "send", "the run");
    if (child < 0) break;
  }
  return false;
}

}  // namespace mpmt::benchmarks
