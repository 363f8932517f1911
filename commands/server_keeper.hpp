// A server's process tree, in the care of a process of its own.
#pragma once

#include <string>
#include <vector>

#include "base/child_process.hpp"
#include "base/pipe.hpp"
#include "base/process_tree.hpp"
#include "base/shared_region.hpp"
#include "commands/invocation.hpp"

namespace mpmt::commands {

struct ServerBoard;

/// Forks a keeper, which starts the server, adopts its orphans and reads its errors. So all that is below the keeper,
/// and nothing else, is the server's, also while a load generator is run beside it; nobody waits for a reader of what
/// the server says. The keeper sleeps while the server's processes neither speak nor end.
///
/// In the destructor all is killed that is left. Not copied, not moved; for one thread.
class ServerKeeper {
 public:
  /// Returns when the server's program runs, has ended or could not be started (it has ended, then), or at the
  /// deadline.
  ServerKeeper(const Command& serve, Deadline start_by);
  ~ServerKeeper();
  ServerKeeper(const ServerKeeper&) = delete;
  ServerKeeper& operator=(const ServerKeeper&) = delete;

  /// Readable once the server, and all of its tree, has ended.
  int ended() const { return keeper_.pidfd(); }
  bool has_ended() { return keeper_.try_reap().has_value(); }
  /// For when it has: "'CMD' (pid 12) exited with 3: out of luck", "'CMD': no such program".
  std::string how_it_ended() const;

  std::vector<pid_t> tree() const { return descendants_of(keeper_.pid()); }
  /// What the tree has used since the server was forked.
  Usage used() const;

  /// SIGTERM to the server's process group, and once the server itself has ended to those of its tree that are in
  /// other groups; what still runs at the deadline gets SIGKILL. Whether nothing did.
  bool end(Deadline deadline);

 private:
  SharedRegion region_;
  ServerBoard& board_;  ///< what the keeper tells
  Pipe begun_;          ///< carries a byte once the server's program runs
  Pipe control_;        ///< its end is the keeper's order to end the server
  Offspring orphans_;   ///< of a keeper that was killed; ended after it
  ChildProcess keeper_;
};

}  // namespace mpmt::commands
