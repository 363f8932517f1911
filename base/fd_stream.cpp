#include "base/fd_stream.hpp"

#include <unistd.h>

#include <utility>

#include "base/checked.hpp"

namespace mpmt {

FdStream::FdStream(int descriptor, std::string object) : std::ostream(nullptr), buffer_(descriptor, std::move(object)) {
  rdbuf(&buffer_);
  exceptions(std::ios::failbit | std::ios::badbit);
}

FdStream::Buffer::Buffer(int descriptor, std::string object) : descriptor_(descriptor), object_(std::move(object)) {
  setp(bytes_.data(), bytes_.data() + bytes_.size());
}

FdStream::Buffer::int_type FdStream::Buffer::overflow(int_type character) {
  sync();
  if (!traits_type::eq_int_type(character, traits_type::eof())) sputc(traits_type::to_char_type(character));
  return traits_type::not_eof(character);
}

int FdStream::Buffer::sync() {
  const char* next = pbase();
  const char* const end = pptr();
  setp(bytes_.data(), bytes_.data() + bytes_.size());
  while (next != end) {
    const auto size = static_cast<std::size_t>(end - next);
    next += checked([&] { return ::write(descriptor_, next, size); }, "write", object_);
  }
  return 0;
}

}  // namespace mpmt
