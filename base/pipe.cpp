#include "base/pipe.hpp"

#include <fcntl.h>

#include <array>

#include "base/checked.hpp"

namespace mpmt {

Pipe::Pipe() {
  std::array<int, 2> ends{};
  checked([&] { return ::pipe2(ends.data(), O_CLOEXEC); }, "pipe2");
  read = Fd(ends[0]);
  write = Fd(ends[1]);
}

}  // namespace mpmt
