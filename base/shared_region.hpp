// Memory that a process shares with those it forks.
#pragma once

#include <cstddef>

namespace mpmt {

/// An anonymous MAP_SHARED mapping, zero-filled, populated at once so that no page fault falls into a timed region.
/// It has no name, so nothing of it is left when the last process that maps it has gone.
class SharedRegion {
 public:
  /// Throws std::system_error naming the size.
  explicit SharedRegion(std::size_t bytes);
  ~SharedRegion();
  SharedRegion(const SharedRegion&) = delete;
  SharedRegion& operator=(const SharedRegion&) = delete;

  void* data() const { return data_; }
  std::size_t size() const { return bytes_; }

 private:
  std::size_t bytes_;
  void* data_;
};

}  // namespace mpmt
