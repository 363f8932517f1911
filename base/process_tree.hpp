// The processes below this one: its children, and theirs.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/child_process.hpp"
#include "base/clock.hpp"

namespace mpmt {

/// From now on descendants of this process whose parents end become its children (PR_SET_CHILD_SUBREAPER), so that
/// none can get away by becoming a daemon. Not inherited by what is forked. Throws std::system_error.
void adopt_orphans();

/// All processes below `process`, each behind its parent; those that have ended and are not reaped included. As the
/// kernel tells (/proc/PID/task/*/children, see proc(5)): those that start, end or change parents meanwhile may be
/// missing.
std::vector<pid_t> descendants_of(pid_t process);

/// Whether the process runs: one that has ended does not, be it reaped or not.
bool is_running(pid_t process);

/// "sleep (pid 12)"; "a process (pid 12)" when it has gone.
std::string name_of(pid_t process);

/// SIGKILL to all descendants of this process, again and again, until none is left or the deadline has passed; reaps
/// all of its children. Returns the names of those that were still running. Whoever waits for one of these children
/// elsewhere (a ChildProcess) finds it gone.
std::vector<std::string> end_descendants(Deadline deadline);

/// What came to be below this process since the construction: not the children it had by then, nor those below them.
/// To be made before the fork of the first one; ends and reaps what is left in the destructor, within 2 s.
///
/// Complete in a process that adopts orphans. Not copied, not moved; for one thread.
class Offspring {
 public:
  Offspring();
  ~Offspring();
  Offspring(const Offspring&) = delete;
  Offspring& operator=(const Offspring&) = delete;

  /// Those that run.
  std::vector<pid_t> running() const;
  /// Reaps this child if it has ended, without waiting.
  std::optional<ChildEnd> try_reap(pid_t child);
  /// Reaps all children but this one that have ended, without waiting.
  void reap_others(pid_t but);
  /// As end_descendants.
  std::vector<std::string> end(Deadline deadline);

  /// What all used together that were reaped here: they, and those that they had waited for.
  const Usage& used() const { return used_; }
  /// How large the largest of these has been (ru_maxrss). Linux counts what a process was before its exec: never less
  /// than this one held when it forked them.
  std::uint64_t largest_bytes() const { return largest_bytes_; }

 private:
  friend std::vector<std::string> mpmt::end_descendants(Deadline deadline);
  explicit Offspring(std::set<pid_t> not_ours);

  std::vector<pid_t> children() const;

  const std::set<pid_t> not_ours_;
  Usage used_;
  std::uint64_t largest_bytes_ = 0;
};

}  // namespace mpmt
