// Ctrl-C and its kin, taken when it suits us.
#pragma once

#include "base/fd.hpp"

namespace mpmt {

/// SIGINT, SIGTERM and SIGHUP, but for those that are ignored (nohup), do not end the process but make fd() readable;
/// nor do they end it afterwards: one more Ctrl-C does not change the exit code of a run that is leaving. Processes
/// spawned by this suite get their default actions back. One at a time, in a process with one thread.
class Interrupt {
 public:
  /// `output`: a descriptor, or -1. When it is a pipe or socket whose reader has gone, that is an interruption, too.
  explicit Interrupt(int output = -1);
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  /// Readable from the first interruption on, or until requested() has seen it.
  int fd() const { return either_.get(); }
  /// Whether there was one; stays true.
  bool requested();
  /// Whether nobody reads the output any more, as requested() has found.
  bool reader_gone() const { return reader_gone_; }

 private:
  void look_at_output();

  Fd signals_;
  Fd either_;  ///< epoll: the signals, and what becomes of the output
  int output_;
  bool requested_ = false;
  bool reader_gone_ = false;
};

}  // namespace mpmt
