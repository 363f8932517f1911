// An output stream over a descriptor, whose failures have a reason.
#pragma once

#include <functional>
#include <ostream>
#include <streambuf>
#include <string>
#include <vector>

namespace mpmt {

/// Buffers what is written to an open file, which outlives it and stays its owner's. A write that fails throws
/// std::system_error naming `object`, as does flush(), which has to be called at the end. Used by one thread.
class FdStream final : public std::ostream {
 public:
  /// `ready`: called before each write of no more than PIPE_BUF bytes, which a pipe that poll finds ready, and that
  /// nobody else writes to, takes without blocking; what it refuses is dropped.
  /// `fails`: false where a write that fails drops what it was to write, and is no exception: std::cerr's destructors
  /// of sentries may throw none.
  FdStream(int descriptor, std::string object, std::function<bool()> ready = {}, bool fails = true);

 private:
  class Buffer final : public std::streambuf {
   public:
    Buffer(int descriptor, std::string object, std::function<bool()> ready, bool fails);

   protected:
    int_type overflow(int_type character) override;
    int sync() override;

   private:
    int descriptor_;
    std::string object_;
    std::function<bool()> ready_;
    bool fails_;
    std::vector<char> bytes_;  ///< not on a stack, which may be small
  };

  Buffer buffer_;
};

}  // namespace mpmt
