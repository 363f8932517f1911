// Noticing that the process at the other end has ended, for channels in shared memory, which do not tell.
#pragma once

#include "base/fd.hpp"
#include "ipc/channel.hpp"

namespace mpmt::ipc {

/// A pair of connected sockets of which each process keeps one: the kernel closes a dead process's end, also after
/// SIGKILL, and the other one shows it. Nothing is ever sent. Between threads there is none, and no peer ever ends.
///
/// A death shows once every process but the peer has called keep() or destroyed its copy.
class Lifeline {
 public:
  /// Throws std::system_error. `channel` is for messages.
  Lifeline(Sides sides, std::string_view channel);

  void keep(Side side) { end_of(other(side)).reset(); }

  /// Whether the peer of `side`, which has kept it, has ended. One system call between processes.
  bool is_cut(Side side) const;

 private:
  Fd& end_of(Side side) { return ends_[side == Side::submitter ? 0 : 1]; }

  Fd ends_[2];
};

}  // namespace mpmt::ipc
