// A trial's process: how it comes to be, and how it goes.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <vector>

#include "base/fd.hpp"

namespace mpmt::benchmarks {

/// How a trial comes to be.
struct Launch {
  std::vector<std::string> command = {};  ///< that speaks the protocol; empty: this program
  bool kept = false;                      ///< by a keeper (keeper.hpp): it starts programs of others, or is one
};

/// The leader of a process group of its own, a child of this process, with a pipe to its standard input and one from
/// its standard output and error each (not blocking). The destructor kills and reaps it with its group. Moves.
class StartedTrial {
 public:
  /// Of a child that nobody else reaps; `kept`: it is the trial's keeper, and ends the trial when it is told to end.
  StartedTrial(pid_t pid, Fd to, Fd from, Fd errors, bool kept);
  StartedTrial(StartedTrial&& other) noexcept;
  StartedTrial& operator=(StartedTrial&&) = delete;
  ~StartedTrial();

  pid_t pid() const { return pid_; }
  /// Readable once it has ended.
  const Fd& pidfd() const { return pidfd_; }
  bool reaped() const { return reaped_; }
  bool kept() const { return kept_; }
  /// SIGKILL to all of its group that still live; its wait status. A keeper has up to two seconds to end the trial and
  /// all that came of it.
  int reap();

  Fd to;
  Fd from;
  Fd errors;

 private:
  void end_by_its_keeper() const;

  pid_t pid_;
  Fd pidfd_;
  bool kept_ = false;
  bool reaped_ = false;
  int wait_status_ = 0;
};

/// A trial with a keeper of its own: `command`, or, when that is empty, this program. Throws std::system_error when
/// there is no room for another process; that the command is no program the trial says itself, on standard error.
StartedTrial start_kept_trial(const std::vector<std::string>& command);

/// `count` of this program's own trials, in the order of their starts. One fresh process of this program is exec'd for
/// them, which forks them all and ends: they share one draw of the addresses of stack, heap and code, and another call
/// draws again. To exec each would take several times as long, most of it for what is the same in all of them. Throws
/// std::system_error when there is no room for another process.
///
/// For the moment this process takes over orphans (PR_SET_CHILD_SUBREAPER). Used by one thread.
std::vector<StartedTrial> start_own_trials(std::size_t count);

/// The other side of that: forks as many trials as descriptors for them come over standard input, says their process
/// ids there, and is to end. Returns true in each trial, whose standard streams are its own by then and whose parent is
/// that of this process, and false in the process that forked them, which dies with `parent`.
bool fork_own_trials(pid_t parent);

}  // namespace mpmt::benchmarks
