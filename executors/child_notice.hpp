// Being told at once when a child process ends, also while asleep on a futex.
#pragma once

#include <cstdint>

#include "base/bell.hpp"

namespace mpmt::executors {

/// While it exists, SIGCHLD rings `bell` and counts. The same futex then wakes a submitter for a reply and for a death,
/// for threads and processes alike; an epoll set on the side would cost the process pool a system call a wait that the
/// thread pool does not pay.
///
/// The handler is the process's only one for SIGCHLD as long as any notice exists; the former one comes back after the
/// last. At most 64 exist at a time (std::length_error). Made and destroyed by the thread that sleeps on the bell.
class ChildNotice {
 public:
  explicit ChildNotice(Bell& bell);
  ~ChildNotice();
  ChildNotice(const ChildNotice&) = delete;
  ChildNotice& operator=(const ChildNotice&) = delete;

  /// Whether a child may have ended since the last call (or since the notice was made).
  bool news();

 private:
  std::size_t place_;
  std::uint32_t seen_;
};

}  // namespace mpmt::executors
