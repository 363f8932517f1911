// What the replays of recorded measurements have in common.
#pragma once

#include <cstdlib>

namespace mpmt::benchmarks {

/// How often each is drawn: MPMT_DRAWS of the environment.
inline int replay_draws() {
  const char* const asked = std::getenv("MPMT_DRAWS");
  return asked == nullptr ? 500 : std::atoi(asked);
}

}  // namespace mpmt::benchmarks
