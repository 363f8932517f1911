#include "benchmarks/trial/spawn_attributes.hpp"

#include <signal.h>

#include "base/dispositions.hpp"

namespace mpmt::benchmarks {

SpawnAttributes::SpawnAttributes() {
  sigset_t none;
  const sigset_t reset = reset_for_others();
  ::sigemptyset(&none);
  ::posix_spawnattr_init(&attributes_);
  ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  ::posix_spawnattr_setpgroup(&attributes_, 0);
  ::posix_spawnattr_setsigmask(&attributes_, &none);
  ::posix_spawnattr_setsigdefault(&attributes_, &reset);
  ::posix_spawn_file_actions_init(&actions_);
}

SpawnAttributes::~SpawnAttributes() {
  ::posix_spawn_file_actions_destroy(&actions_);
  ::posix_spawnattr_destroy(&attributes_);
}

void SpawnAttributes::redirect(const Fd& from, int to) {
  ::posix_spawn_file_actions_adddup2(&actions_, from.get(), to);
}

}  // namespace mpmt::benchmarks
