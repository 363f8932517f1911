#include "base/fd_stream.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <utility>

#include "base/checked.hpp"

namespace mpmt {

FdStream::FdStream(int descriptor, std::string object, std::function<bool()> ready, bool fails)
    : std::ostream(nullptr), buffer_(descriptor, std::move(object), std::move(ready), fails) {
  rdbuf(&buffer_);
  exceptions(std::ios::failbit | std::ios::badbit);
}

FdStream::Buffer::Buffer(int descriptor, std::string object, std::function<bool()> ready, bool fails)
    : descriptor_(descriptor), object_(std::move(object)), ready_(std::move(ready)), fails_(fails), bytes_(65'536) {
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
    if (ready_ && !ready_()) return 0;
    const auto all = static_cast<std::size_t>(end - next);
    const auto size = ready_ ? std::min<std::size_t>(all, PIPE_BUF) : all;
    const auto write = [&] { return ::write(descriptor_, next, size); };
    if (fails_) {
      next += checked(write, "write", object_);
    } else if (const auto written = write(); written >= 0) {
      next += written;
    } else if (errno != EINTR) {
      return 0;
    }
  }
  return 0;
}

}  // namespace mpmt
