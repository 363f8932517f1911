#include "commands/command.hpp"

#include <poll.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <thread>

#include "base/duration_text.hpp"
#include "base/process_tree.hpp"
#include "base/text.hpp"
#include "commands/held_process.hpp"
#include "commands/tree_usage.hpp"

namespace mpmt::commands {
namespace {

using executors::Status;
using std::chrono::milliseconds;

constexpr std::chrono::seconds kLastPatience{2};
/// Orphans that have ended are reaped this often, so that a long command does not fill the table of processes.
constexpr milliseconds kLongestSleep{500};
/// While memory is looked at: for so long without a pause, then with pauses that grow.
constexpr milliseconds kCloseLook{20};
constexpr milliseconds kLongestPause{10};
constexpr int kPauseIsPartOfAge = 20;

/// "2.50 s", "30 s".
std::string rounded(Nanoseconds time) {
  const double seconds = std::chrono::duration<double>(time).count();
  return seconds >= 10 ? text(std::lround(seconds), " s") : duration_text(static_cast<double>(time.count()));
}

std::string list(const std::vector<std::string>& names) {
  constexpr std::size_t most = 5;
  std::string joined;
  for (std::size_t i = 0; i < std::min(names.size(), most); ++i) joined.append(i == 0 ? "" : ", ").append(names[i]);
  return names.size() <= most ? joined : text(joined, " and ", names.size() - most, " more");
}

/// A process that has been released, and all below it.
class Running {
 public:
  Running(const Command& command, Offspring& tree, HeldProcess& process, const Attention& attention)
      : command_(command), tree_(tree), process_(process), attention_(attention) {}

  Execution until(Deadline deadline) {
    start_ = Clock::now();
    process_.release();
    while (!ended_) {
      const auto now = Clock::now();
      if (now >= deadline) return end(Status::timed_out, text("was still running after ", rounded(now - start_)));
      if (gone_) return end(Status::worker_died, "was ended, since what it needs has gone");
      wait(std::min(deadline, now + pause()));
    }
    return conclude();
  }

 private:
  Nanoseconds pause() const {
    if (attention_.memory == nullptr) return kLongestSleep;
    const auto age = since(start_);
    if (age < kCloseLook) return Nanoseconds(0);
    return std::clamp<Nanoseconds>(age / kPauseIsPartOfAge, milliseconds(1), kLongestPause);
  }

  /// Sleeps until there is news.
  void wait(Deadline until) {
    std::array<pollfd, 3> watched{pollfd{process_.pidfd(), POLLIN, 0},
                                  pollfd{process_.errors().descriptor(), POLLIN, 0},
                                  pollfd{attention_.ends_with, POLLIN, 0}};
    const auto sleep = std::chrono::ceil<milliseconds>(std::max<Nanoseconds>(until - Clock::now(), Nanoseconds(0)));
    const int news = ::poll(watched.data(), watched.size(), static_cast<int>(sleep.count()));
    if (news > 0 && watched[0].revents != 0) {
      wall_ = since(start_);
      ended_ = true;
    } else {
      look();
    }
    if (news <= 0) return;
    if (watched[1].revents != 0) process_.errors().drain();
    gone_ = watched[2].revents != 0;
  }

  void look() {
    if (attention_.memory != nullptr && process_.has_own_memory()) {
      // To find the others takes a while, in which a short command would have come to its end.
      attention_.memory->look_at({process_.pid()});
      attention_.memory->look_at(tree_.running());
    }
    if (const auto now = Clock::now(); now - reaped_ >= kLongestSleep) {
      tree_.reap_others(process_.pid());
      reaped_ = now;
    }
  }

  Execution end(Status status, const std::string& what) {
    tree_.end(Clock::now() + kLastPatience);
    return {status, text(quoted(command_.text), ' ', what)};
  }

  Execution conclude() {
    const auto end = tree_.try_reap(process_.pid());
    process_.errors().drain();
    const auto left = left_behind();
    complete_memory();
    if (const auto failure = process_.exec_failure(); !failure.empty()) return {Status::error, failure};
    const auto name = quoted(command_.text);
    if (!left.empty()) {
      return {Status::error, text(name, " left processes behind: ", list(left),
                                  left.size() == 1 ? "; it was ended" : "; they were ended")};
    }
    const bool failed = !end || end->killed || end->code != 0;
    if (failed && !command_.ignore_failure) {
      const auto how = end ? (end->killed ? "was " : "") + end->describe() : "was reaped by somebody else";
      return {Status::error, text(name, ' ', how, process_.errors().after_colon())};
    }
    return {Status::ok, {}, wall_, used_between(process_.used_before(), tree_.used())};
  }

  /// A look may have come too early, or too late. What is larger than this process cannot be a fork of it.
  void complete_memory() {
    if (attention_.memory == nullptr) return;
    rusage ours{};
    ::getrusage(RUSAGE_SELF, &ours);
    const auto largest = tree_.largest_bytes();
    if (largest > static_cast<std::uint64_t>(ours.ru_maxrss) * 1024) attention_.memory->at_least(largest);
  }

  /// Reaps those that have ended, or are about to, and ends the others.
  std::vector<std::string> left_behind() {
    const auto patience = Clock::now() + kGrace;
    for (;;) {
      tree_.reap_others(0);
      if (tree_.running().empty()) break;
      if (Clock::now() >= patience) return tree_.end(Clock::now() + kLastPatience);
      std::this_thread::sleep_for(milliseconds(1));
    }
    // Who ended between the two: still to be reaped, and counted.
    tree_.reap_others(0);
    return {};
  }

  const Command& command_;
  Offspring& tree_;
  HeldProcess& process_;
  const Attention attention_;
  Clock::time_point start_;
  Clock::time_point reaped_ = Clock::now();
  Nanoseconds wall_{0};
  bool ended_ = false;
  bool gone_ = false;
};

}  // namespace

Execution execute(const Command& command, Deadline deadline, const Attention& attention) {
  Offspring tree;
  try {
    HeldProcess process(command, deadline);
    return Running(command, tree, process, attention).until(deadline);
  } catch (const CannotStart& reason) {
    return {Status::error, reason.what()};
  } catch (const StartTimedOut& reason) {
    return {Status::timed_out, reason.what()};
  }
}

}  // namespace mpmt::commands
