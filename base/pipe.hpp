// An anonymous pipe.
#pragma once

#include "base/fd.hpp"

namespace mpmt {

/// Both ends, closed on exec. After fork both processes own a copy of each.
struct Pipe {
  /// Throws std::system_error when there is no descriptor left.
  Pipe();

  Fd read;
  Fd write;
};

}  // namespace mpmt
