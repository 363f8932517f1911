// Memory of one end of a link.
#pragma once

#include <cstddef>

#include "base/cache_line.hpp"

namespace mpmt::ipc {

/// What one end writes: between threads both ends' buffers are pieces of one heap.
using Buffer = PaddedVector<std::byte>;

}  // namespace mpmt::ipc
