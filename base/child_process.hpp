// A forked child that runs a function, and dies with its parent.
#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/fd.hpp"

namespace mpmt {

/// How a child ended.
struct ChildEnd {
  bool killed = false;  ///< by a signal
  int code = 0;         ///< the signal, or the exit status

  /// "killed by SIGKILL", "exited with 42".
  std::string describe() const;
};

/// Starts in the constructor, is killed and reaped in the destructor if it still runs. Not copied, not moved. After a
/// further fork only the process that made it owns it: destroying the copy in another process does nothing.
///
/// The child gets SIGKILL when the thread that forked it ends (PR_SET_PDEATHSIG, the parent re-checked); its standard
/// input and output are /dev/null; signal handlers are reset, but what is ignored stays so; it leaves with _exit: 0
/// when `body` returns, 70 when it throws (the message goes to standard error).
class ChildProcess {
 public:
  /// Throws std::system_error when fork or pidfd_open fails. `name` is for messages.
  ChildProcess(std::string name, const std::function<void()>& body);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const { return pid_; }
  const std::string& name() const { return name_; }
  /// Readable (poll) once the child has ended.
  int pidfd() const { return pidfd_.get(); }

  void kill(int signal) const;

  /// Reaps without waiting; the end, once there is one.
  std::optional<ChildEnd> try_reap();
  /// Waits for the end until the deadline.
  std::optional<ChildEnd> reap(Deadline deadline);

 private:
  std::string name_;
  pid_t owner_;
  pid_t pid_ = -1;
  Fd pidfd_;
  std::optional<ChildEnd> end_;
};

/// SIGKILL to the calling process when the thread that made it ends; leaves at once (_exit) when `parent` has gone
/// already. For a process that is exec'd, too.
void die_with_parent(pid_t parent);

}  // namespace mpmt
