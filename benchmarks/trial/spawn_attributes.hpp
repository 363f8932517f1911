// How a trial is started.
#pragma once

#include <spawn.h>

#include "base/fd.hpp"

namespace mpmt::benchmarks {

/// For posix_spawn: a process group of its own, nothing blocked, signals as in a fresh process, but for those that we
/// were told to ignore.
class SpawnAttributes {
 public:
  SpawnAttributes();
  ~SpawnAttributes();
  SpawnAttributes(const SpawnAttributes&) = delete;
  SpawnAttributes& operator=(const SpawnAttributes&) = delete;

  /// `from` becomes the descriptor `to` of the new process.
  void redirect(const Fd& from, int to);
  const posix_spawnattr_t* attributes() const { return &attributes_; }
  const posix_spawn_file_actions_t* actions() const { return &actions_; }

 private:
  posix_spawnattr_t attributes_{};
  posix_spawn_file_actions_t actions_{};
};

}  // namespace mpmt::benchmarks
