// A worker's life: the same code in a thread and in a forked process.
#pragma once

#include "executors/scoreboard.hpp"
#include "executors/wire.hpp"

namespace mpmt::executors {

/// What a worker is given. References outlive the worker.
struct WorkerSide {
  int id;
  ipc::End& end;
  Scoreboard& scoreboard;
  workloads::Fixture& fixture;
  const Config& config;
};

/// Pins the calling thread, opens the session, says hello, answers requests until `stop`. Does not throw: what fails,
/// at opening or in a task, is answered as `failed`.
///
/// A worker waits for its next request without a limit of its own: a thread is stopped by its pool, a process dies with
/// the submitter.
void work(const WorkerSide& side) noexcept;

}  // namespace mpmt::executors
