// One execution of a command, from its release to its end.
#pragma once

#include <string>

#include "commands/invocation.hpp"
#include "commands/tree_memory.hpp"
#include "executors/executor.hpp"

namespace mpmt::commands {

struct Execution {
  /// ok; error: it failed, could not be started, or left processes behind; timed_out; worker_died: it was ended since
  /// Attention::ends_with became readable.
  executors::Status status = executors::Status::ok;
  std::string error = {};  ///< begins with the command in quotes; empty when ok
  Nanoseconds wall{0};     ///< from the release to the end of the process that was started
  Usage used = {};         ///< of the whole tree, since the release
};

/// What to do besides waiting.
struct Attention {
  TreeMemory* memory = nullptr;  ///< looks at the tree all the time, which costs the command some of its own
  int ends_with = -1;            ///< a descriptor: what it stands for is needed, and has gone when it becomes readable
};

/// How long processes that the command has left may take to end by themselves: those that are on their way out.
inline constexpr std::chrono::milliseconds kGrace{100};

/// Runs the command once. Whatever becomes of it, no process of it is left: what still runs when the process that was
/// started has ended, and kGrace later, is killed, and that is a failure. The calling process is to adopt orphans (see
/// base/process_tree.hpp); children that it had before are left alone.
///
/// The clock runs from the release of a process that is up already (held_process.hpp). Throws std::system_error where
/// the system refuses us something; what is the command's own fault is in the result.
Execution execute(const Command& command, Deadline deadline, const Attention& attention = {});

}  // namespace mpmt::commands
