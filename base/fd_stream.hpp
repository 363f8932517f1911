// An output stream over a descriptor, whose failures have a reason.
#pragma once

#include <array>
#include <functional>
#include <ostream>
#include <streambuf>
#include <string>

namespace mpmt {

/// Buffers what is written to an open file, which outlives it and stays its owner's. A write that fails throws
/// std::system_error naming `object`, as does flush(), which has to be called at the end. Used by one thread.
class FdStream final : public std::ostream {
 public:
  /// `ready`: called before each write of no more than PIPE_BUF bytes, which a pipe that poll finds ready, and that
  /// nobody else writes to, takes without blocking; what it refuses is dropped.
  FdStream(int descriptor, std::string object, std::function<bool()> ready = {});

 private:
  class Buffer final : public std::streambuf {
   public:
    Buffer(int descriptor, std::string object, std::function<bool()> ready);

   protected:
    int_type overflow(int_type character) override;
    int sync() override;

   private:
    int descriptor_;
    std::string object_;
    std::function<bool()> ready_;
    std::array<char, 65'536> bytes_;
  };

  Buffer buffer_;
};

}  // namespace mpmt
