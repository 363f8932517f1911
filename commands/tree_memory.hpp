// How much memory a tree of processes holds.
#pragma once

#include <sys/types.h>

#include <optional>
#include <vector>

#include "executors/executor.hpp"

namespace mpmt::commands {

/// The highest of what was seen.
class TreeMemory {
 public:
  /// Looks at these processes now. Those that share their memory (between vfork and exec) count as one, where the
  /// kernel tells (kcmp(2)).
  void look_at(const std::vector<pid_t>& processes);

  /// One of the processes has been this large, seen or not.
  void at_least(std::uint64_t bytes);

  /// Nothing when no look found anybody.
  std::optional<executors::Memory> most() const;

 private:
  executors::Memory most_;
};

}  // namespace mpmt::commands
