// A process that is ready to run a command, and waits.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/clock.hpp"
#include "base/fd.hpp"
#include "base/pipe.hpp"
#include "commands/invocation.hpp"
#include "commands/last_line.hpp"

namespace mpmt::commands {

/// It did not get to its gate before the deadline.
struct StartTimedOut : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A child that is forked, or a shell that is up, before the clock starts: it waits at a gate until release(). A fork
/// waits before it execs the program; a shell that can (Invocation::gate_in_shell) before it looks at the command.
///
/// Its session is its own, so there is no terminal to ask; signals do what they do by default, and none is blocked; its
/// standard input is the command's, its output /dev/null, its errors come to us; it has no other descriptor of ours. It
/// gets SIGKILL when the thread that made it ends.
///
/// Reaping it, also where the constructor throws, is for an Offspring (base/process_tree.hpp) that was made before.
class HeldProcess {
 public:
  /// Returns when it is at its gate. Throws CannotStart, StartTimedOut, std::system_error.
  HeldProcess(const Command& command, Deadline deadline);
  HeldProcess(const HeldProcess&) = delete;
  HeldProcess& operator=(const HeldProcess&) = delete;

  pid_t pid() const { return pid_; }
  /// Readable once it has ended.
  int pidfd() const { return pidfd_.get(); }
  LastLine& errors() { return errors_; }
  /// What it has used to get there.
  const Usage& used_before() const { return used_before_; }

  /// Opens the gate.
  void release();
  /// Whether its memory is no longer a copy of ours: it has exec'd something.
  bool has_own_memory();
  /// Waits until the program has been exec'd, or a shell has come to the command; or that has failed, or the deadline
  /// has passed.
  void wait_until_begun(Deadline deadline);
  /// Why the program could not be exec'd, once the process has ended: "'CMD': permission denied". Empty: it was.
  std::string exec_failure();

 private:
  void wait_until_there(Deadline deadline);
  std::string why_not_there();
  bool hear();

  const std::string command_;
  const Invocation invocation_;
  Pipe gate_;
  Pipe there_;  ///< says that it is there, then why exec failed; its end says that all is well
  Pipe errors_pipe_;
  pid_t pid_ = -1;
  Fd pidfd_;
  LastLine errors_;
  std::string heard_;
  bool there_ended_ = false;
  Usage used_before_;
};

}  // namespace mpmt::commands
