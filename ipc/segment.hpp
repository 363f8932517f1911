// The memory that both sides of a link map.
#pragma once

#include <boost/interprocess/anonymous_shared_memory.hpp>
#include <cstddef>
#include <string>
#include <string_view>

namespace mpmt::ipc {

/// A shared-memory region of Boost.Interprocess, zero-filled and populated. It never has a name, so that nothing of it
/// is left behind and no other user can open it, and it does not live in /dev/shm, whose size containers limit to 64
/// MiB as a rule. After fork both processes map it; it goes with the last of them.
class Segment {
 public:
  /// Throws std::system_error naming the channel, the size and, if that is what limits, RLIMIT_AS.
  Segment(std::string_view channel, std::size_t bytes);

  /// In a forked process, before the first message: a fork does not copy the page tables of shared memory, so that
  /// every page would fault once more there. Threads would be spared that. Throws as the constructor.
  void populate_here() const;

  std::byte* data() const { return static_cast<std::byte*>(region_.get_address()); }
  std::size_t size() const { return region_.get_size(); }

 private:
  boost::interprocess::mapped_region region_;
  std::string channel_;
};

}  // namespace mpmt::ipc
