#include "ipc/segment.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <boost/interprocess/exceptions.hpp>

#include "base/checked.hpp"
#include "ipc/limits.hpp"

namespace mpmt::ipc {
namespace {

boost::interprocess::mapped_region mapped(std::string_view channel, std::size_t bytes) {
  try {
    return boost::interprocess::anonymous_shared_memory(bytes);
  } catch (const boost::interprocess::interprocess_exception& failure) {
    throw_system_error(failure.get_native_error(), "mmap", memory_wanted(channel, bytes));
  }
}

/// Has every page there before the first message: a page fault takes longer than a message.
void populate(std::byte* data, std::size_t bytes, std::string_view channel) {
#ifdef MADV_POPULATE_WRITE
  if (::madvise(data, bytes, MADV_POPULATE_WRITE) == 0) return;
  if (errno != EINVAL)
    throw_system_error(errno, "madvise", memory_wanted(channel, bytes));  // EINVAL: Linux before 5.14
#endif
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  for (std::size_t at = 0; at < bytes; at += page) static_cast<volatile std::byte*>(data)[at] = std::byte{0};
}

}  // namespace

Segment::Segment(std::string_view channel, std::size_t bytes) : region_(mapped(channel, bytes)) {
  populate(data(), bytes, channel);
}

}  // namespace mpmt::ipc
