// The workers of a pool as living things: threads or processes.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "executors/scoreboard.hpp"

namespace mpmt::executors {

/// A worker that ended without having been told to.
struct Casualty {
  int worker = 0;
  pid_t pid = 0;
  std::string how;  ///< "killed by SIGKILL"
};

/// Starts the workers in its constructor; each calls work(). The destructor ends what is still there.
class Crew {
 public:
  virtual ~Crew() = default;

  /// A worker that has ended, when there is one. Called in every turn of the submitter's loop: costs a load as a rule.
  virtual std::optional<Casualty> casualty() = 0;

  /// Whether this worker has ended, told to or not, as far as that shows without its slot saying that it has left.
  virtual bool has_ended(int /*worker*/) { return false; }

  /// Waits until all workers, who have been told to stop, have left. False when the deadline passed before.
  virtual bool join(Deadline deadline) = 0;
};

}  // namespace mpmt::executors
