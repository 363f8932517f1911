#include "commands/server_keeper.hpp"

#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <utility>

#include "base/checked.hpp"
#include "base/text.hpp"
#include "commands/held_process.hpp"
#include "commands/tree_usage.hpp"

namespace mpmt::commands {
namespace {

constexpr std::chrono::seconds kLastPatience{2};
/// A process that is not our child may end unnoticed.
constexpr std::chrono::milliseconds kBetweenLooks{100};
constexpr std::chrono::hours kLongestWait{24};

/// For poll.
int milliseconds_until(Deadline deadline, std::chrono::milliseconds most) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
  return static_cast<int>(std::clamp(left, std::chrono::milliseconds(0), most).count());
}

/// Readable when a child has ended.
Fd child_news() {
  sigset_t child;
  ::sigemptyset(&child);
  ::sigaddset(&child, SIGCHLD);
  ::sigprocmask(SIG_BLOCK, &child, nullptr);
  return Fd(checked([&] { return ::signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK); }, "signalfd", "SIGCHLD"));
}

}  // namespace

/// What the keeper tells. Usage is under a sequence lock: odd while it is changed.
struct ServerBoard {
  std::atomic<std::int64_t> end_by_ns{0};  ///< of Clock
  std::atomic<bool> killed{false};         ///< some did not end by themselves
  std::atomic<std::uint32_t> sequence{0};
  std::array<std::atomic<std::int64_t>, 5> reaped{};
  std::array<char, 512> end{};  ///< how the server ended; read when the keeper has

  void say(const std::string& how) { std::strncpy(end.data(), how.c_str(), end.size() - 1); }

  void publish(const Usage& used) {
    const std::array<std::int64_t, 5> parts{used.cpu_ns, used.voluntary_switches, used.involuntary_switches,
                                            used.minor_faults, used.major_faults};
    for (std::size_t i = 0; i < parts.size(); ++i) reaped[i].store(parts[i]);
  }
  Usage published() const { return {reaped[0], reaped[1], reaped[2], reaped[3], reaped[4]}; }
};

namespace {

/// The keeper's life.
class Keeping {
 public:
  Keeping(const Command& serve, Deadline start_by, ServerBoard& board, int control)
      : board_(board), control_(control), server_(serve, start_by), name_(quoted(serve.text)) {
    server_.release();
  }

  /// Whether the program runs.
  bool has_begun(Deadline deadline) {
    server_.wait_until_begun(deadline);
    return server_.exec_failure().empty();
  }

  void live() {
    while (!end_ && !asked_to_end_) wait(std::nullopt);
    if (!end_) ask_to_end(Deadline{Nanoseconds(board_.end_by_ns.load())});
    board_.killed = !tree_.end(Clock::now() + kLastPatience).empty();
    conclude();
  }

 private:
  void wait(std::optional<Deadline> until) {
    const int patience = until ? milliseconds_until(*until, kBetweenLooks) : -1;
    std::array<pollfd, 3> watched{pollfd{news_.get(), POLLIN, 0}, pollfd{server_.errors().descriptor(), POLLIN, 0},
                                  pollfd{asked_to_end_ ? -1 : control_, POLLIN, 0}};
    if (::poll(watched.data(), watched.size(), patience) <= 0) return;
    if (watched[1].revents != 0) server_.errors().drain();
    if (watched[2].revents != 0) asked_to_end_ = true;
    if (watched[0].revents != 0) reap();
  }

  void ask_to_end(Deadline end_by) {
    const pid_t group = server_.pid();
    ::kill(-group, SIGTERM);
    bool asked_others = false;
    for (auto left = tree_.running(); Clock::now() < end_by && !left.empty(); left = tree_.running()) {
      if (end_ && !std::exchange(asked_others, true)) {
        // Nobody else will: who is of the group has been asked, and may take a second request for an urgent one.
        for (const pid_t process : left) {
          if (::getpgid(process) != group) ::kill(process, SIGTERM);
        }
      }
      wait(end_by);
    }
  }

  void reap() {
    signalfd_siginfo info;
    while (::read(news_.get(), &info, sizeof info) > 0) {
    }
    ++board_.sequence;
    tree_.reap_others(server_.pid());
    if (!end_) end_ = tree_.try_reap(server_.pid());
    board_.publish(tree_.used());
    ++board_.sequence;
  }

  void conclude() {
    server_.errors().drain();
    if (const auto failure = server_.exec_failure(); !failure.empty()) return board_.say(failure);
    const auto how = end_ ? (end_->killed ? "was " : "") + end_->describe() : "was ended";
    board_.say(text(name_, " (pid ", server_.pid(), ") ", how, server_.errors().after_colon()));
  }

  ServerBoard& board_;
  const int control_;
  const Fd news_ = child_news();
  Offspring tree_;
  HeldProcess server_;
  const std::string name_;
  std::optional<ChildEnd> end_;
  bool asked_to_end_ = false;
};

void keep(const Command& serve, Deadline start_by, ServerBoard& board, int begun, int control) {
  try {
    adopt_orphans();
    Keeping keeping(serve, start_by, board, control);
    const char byte = 1;
    if (keeping.has_begun(start_by)) checked([&] { return ::write(begun, &byte, 1); }, "write");
    keeping.live();
  } catch (const std::exception& failure) {
    board.say(failure.what());
  }
}

}  // namespace

ServerKeeper::ServerKeeper(const Command& serve, Deadline start_by)
    : region_(sizeof(ServerBoard)), board_(*new (region_.data()) ServerBoard), keeper_("the keeper of a server", [&] {
        control_.write.reset();
        keep(serve, start_by, board_, begun_.write.get(), control_.read.get());
      }) {
  control_.read.reset();
  begun_.write.reset();
  pollfd begun{begun_.read.get(), POLLIN, 0};
  ::poll(&begun, 1, milliseconds_until(start_by, kLongestWait));
  // Without a word: it is about to end.
  if ((begun.revents & POLLIN) == 0) keeper_.reap(start_by);
}

ServerKeeper::~ServerKeeper() = default;

std::string ServerKeeper::how_it_ended() const {
  const std::string how = board_.end.data();
  return how.empty() ? text("its keeper (pid ", keeper_.pid(), ") was killed") : how;
}

Usage ServerKeeper::used() const {
  // A process must be counted either as one that runs or as one that was reaped. The keeper may be stopped within: then
  // what there is has to do.
  constexpr int attempts = 1000;
  for (int attempt = 1;; ++attempt) {
    const auto before = board_.sequence.load();
    auto used = usage_of(tree());
    used += board_.published();
    if ((before % 2 == 0 && board_.sequence == before) || attempt == attempts) return used;
    ::sched_yield();
  }
}

bool ServerKeeper::end(Deadline deadline) {
  board_.end_by_ns = Nanoseconds(deadline.time_since_epoch()).count();
  control_.write.reset();
  return keeper_.reap(deadline + kLastPatience).has_value() && !board_.killed;
}

}  // namespace mpmt::commands
