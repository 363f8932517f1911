// Names of shared-memory objects that exist for an instant, and what to do when a process is killed in that instant.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

namespace mpmt::ipc {

/// A name that no other object has: "mpmt-<pid>-<number>", the calling process's id in it.
std::string unique_name();

/// The name of an object in /dev/shm that a library makes under it and maps: removed again in the destructor.
///
/// A library that writes to the memory as it makes it, as Boost.Interprocess does, is killed by SIGBUS where /dev/shm
/// is full. So the pages are asked for first, under the same name and given back, and then allocated to the object.
class MomentaryName {
 public:
  /// Finds room for `bytes`, which the object will not exceed. Throws std::system_error naming `object` (what the
  /// memory is for), the size and /dev/shm.
  MomentaryName(std::string_view object, std::size_t bytes);
  ~MomentaryName();
  MomentaryName(const MomentaryName&) = delete;
  MomentaryName& operator=(const MomentaryName&) = delete;

  const char* c_str() const { return name_.c_str(); }
  /// Allocates every page of the object that bears the name. Throws as the constructor does.
  void allocate() const;

 private:
  const std::string object_;
  const std::string name_;
};

/// Removes the names that process `maker` left, which must have ended. Never throws.
void remove_names_left_by(pid_t maker);

/// Removes the names left by any process that has ended, as far as they are ours to remove. Never throws.
void remove_stale_names();

}  // namespace mpmt::ipc
