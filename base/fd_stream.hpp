// An output stream over a descriptor, whose failures have a reason.
#pragma once

#include <array>
#include <ostream>
#include <streambuf>
#include <string>

namespace mpmt {

/// Buffers what is written to an open file, which outlives it and stays its owner's. A write that fails throws
/// std::system_error naming `object`, as does flush(), which has to be called at the end. Used by one thread.
class FdStream final : public std::ostream {
 public:
  FdStream(int descriptor, std::string object);

 private:
  class Buffer final : public std::streambuf {
   public:
    Buffer(int descriptor, std::string object);

   protected:
    int_type overflow(int_type character) override;
    int sync() override;

   private:
    int descriptor_;
    std::string object_;
    std::array<char, 65'536> bytes_;
  };

  Buffer buffer_;
};

}  // namespace mpmt
