// One measuring run at a time.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/fd.hpp"
#include "benchmarks/interrupt.hpp"

namespace mpmt::benchmarks {

/// A machine-wide lock that dies with its owner and leaves no file: a socket bound to a name in Linux's abstract
/// namespace (which belongs to the network namespace: containers with their own do not see each other).
class RunLock {
 public:
  RunLock() = default;
  RunLock(const RunLock&) = delete;
  RunLock& operator=(const RunLock&) = delete;

  /// Takes the lock if it is free. Throws std::system_error when it cannot be tried.
  bool try_take();

  /// Waits until the owner, if there is one, has gone or we are interrupted. The owner's process id is what we get to
  /// see of it.
  void wait_for_owner(Interrupt& interrupt) const;

  /// The owner's process id; 0 when there is none (any more).
  pid_t owner() const;

 private:
  Fd socket_;
};

}  // namespace mpmt::benchmarks
