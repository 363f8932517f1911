// Who sees to it that nothing is left of a trial that starts programs of others.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace mpmt::benchmarks {

/// Becomes the keeper of a trial: a process between the run and the trial that ends with it, and takes with it whatever
/// the trial has started and left, daemons among it: orphans come to the keeper, wherever their session and process
/// group are. It ends the same way when it is told to (SIGTERM), and when `parent`, the run, has gone, however that was
/// killed.
///
/// The trial is `words`, exec'd, with the standard streams of this process; without words a fork of this process.
/// Returns nothing in that fork, and in the keeper its exit code; a trial that was killed by a signal takes its keeper
/// with it by the same one. A keeper that is itself killed by SIGKILL takes the trial with it, but not what has left
/// the trial's process group.
///
/// Called by a process with one thread that is the leader of its process group.
std::optional<int> keep_trial(pid_t parent, const std::vector<std::string>& words);

}  // namespace mpmt::benchmarks
