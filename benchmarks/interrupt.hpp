// Ctrl-C and its kin, taken when it suits us.
#pragma once

#include "base/fd.hpp"

namespace mpmt::benchmarks {

/// SIGINT, SIGTERM and SIGHUP do not end the process but make fd() readable; nor do they end it afterwards: one more
/// Ctrl-C does not change the exit code of a run that is leaving. Processes spawned by this suite get their default
/// actions back. One at a time, in a process with one thread.
class Interrupt {
 public:
  Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  int fd() const { return signals_.get(); }
  /// Whether one has come; stays true.
  bool requested();

 private:
  Fd signals_;
  bool requested_ = false;
};

}  // namespace mpmt::benchmarks
