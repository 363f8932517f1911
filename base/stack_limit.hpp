// How large the stacks of this process may grow.
#pragma once

#include <cstddef>

namespace mpmt {

/// Less than this (RLIMIT_STACK, `ulimit -s`) is not enough for us.
inline constexpr std::size_t kLeastStackBytes = std::size_t{256} << 10;

/// To be called before there is a second thread. Raises a soft limit below 1 MiB, which threads are given as well, to
/// 8 MiB or as far as the hard one allows. Throws std::runtime_error when that leaves less than kLeastStackBytes.
void raise_stack_limit();

}  // namespace mpmt
