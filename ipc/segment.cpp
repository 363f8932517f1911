#include "ipc/segment.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <boost/interprocess/exceptions.hpp>
#include <cstdint>

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
  for (std::size_t at = 0; at < bytes; at += page) {
    auto& byte = reinterpret_cast<std::atomic<std::uint8_t>&>(data[at]);
    byte.fetch_or(0, std::memory_order_relaxed);  // writes, and changes nothing that the other side may have written
  }
}

}  // namespace

Segment::Segment(std::string_view channel, std::size_t bytes) : region_(mapped(channel, bytes)), channel_(channel) {
  populate_here();
}

void Segment::populate_here() const {
  populate(data(), size(), channel_);
}

}  // namespace mpmt::ipc
