// Names of shared-memory objects that exist for an instant, and what to do when a process is killed in that instant.
#pragma once

#include <sys/types.h>

#include <string>

namespace mpmt::ipc {

/// A name that no other object has: "mpmt-<pid>-<number>", the calling process's id in it.
std::string unique_name();

/// Removes the names that process `maker` left, which must have ended. Never throws.
void remove_names_left_by(pid_t maker);

/// Removes the names left by any process that has ended, as far as they are ours to remove. Never throws.
void remove_stale_names();

}  // namespace mpmt::ipc
