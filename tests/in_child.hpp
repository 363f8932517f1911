// Doing in a forked process what would harm this one.
#pragma once

#include <sched.h>
#include <sys/mount.h>

#include <cerrno>
#include <cstring>
#include <functional>
#include <stdexcept>
#include <string>

#include "base/child_process.hpp"
#include "base/text.hpp"
#include "footprint.hpp"

namespace mpmt::tests {

/// For code that runs in another thread or process, where no expectation can be recorded.
inline void require(bool holds, const std::string& what) {
  if (!holds) throw std::runtime_error(what);
}

/// Runs `body` in a forked process: "" when it returned, else how it ended. What it throws is on standard error.
inline std::string in_child(const std::function<void()>& body) {
  ChildProcess child("child", body);
  const auto end = child.reap(soon(std::chrono::seconds(40)));
  if (!end) return "no end";
  return end->describe() == "exited with 0" ? "" : end->describe() + "; see standard error";
}

/// Puts a new file system over `folder`, in a mount namespace of the calling process.
inline void mount_over(const std::string& folder, const char* type, const char* options) {
  const auto require_done = [](int result, const char* call) {
    require(result == 0, text(call, ": ", std::strerror(errno)));
  };
  require_done(::unshare(CLONE_NEWNS), "unshare");
  require_done(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), "mount /");
  require_done(::mount(type, folder.c_str(), type, 0, options), "mount");
}

/// One of "size=..." in memory.
inline void mount_small(const std::string& folder, const char* size) {
  mount_over(folder, "tmpfs", size);
}

/// Whether the user may do that; said once on standard error if not.
inline bool may_mount(const std::string& folder) {
  return in_child([&] { mount_small(folder, "size=1m"); }).empty();
}

}  // namespace mpmt::tests
