// The run's side of a trial: asks it, ends it.
#pragma once

#include <sys/types.h>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/allowance.hpp"
#include "base/fd.hpp"
#include "base/interrupt.hpp"
#include "benchmarks/trial/affinities.hpp"
#include "benchmarks/trial/protocol.hpp"
#include "benchmarks/trial/started_trial.hpp"

namespace mpmt::benchmarks {

/// All that is known of a trial when it has ended.
struct TrialResult {
  executors::Status status = executors::Status::ok;
  std::string error;
  bool interrupted = false;  ///< ended by Ctrl-C: not a result
  Assignment assignment;
  std::optional<std::int64_t> startup_ns;
  std::optional<std::int64_t> shutdown_ns;
  Histogram latency;
  std::vector<executors::WorkerFacts> workers;
  std::map<std::string, std::string> surroundings;
  std::optional<executors::Memory> memory;  ///< of what it started
  std::vector<std::string> notes;           ///< what a reader of its figures has to know, a line each
  std::string stopped;  ///< that, or for how long, it or the run stood still meanwhile, in words; else empty
  std::string moved;    ///< which thread's CPUs were changed from outside while blocks ran, in words; else empty
};

/// A running trial; killed and reaped with its process group in the destructor.
/// Every call returns before the assignment's deadline plus kGrace, time not counted during which this process itself
/// stood still (Allowance); the first thing that goes wrong is kept in result() and makes the later calls return at
/// once. Between two calls it uses no CPU. Used by one thread.
class TrialProcess {
 public:
  /// A trial knows its deadline and names what it waits for; one that says nothing is killed this much later.
  static constexpr std::chrono::milliseconds kGrace{500};

  TrialProcess(StartedTrial process, const Assignment& assignment, Interrupt& interrupt);
  ~TrialProcess();
  TrialProcess(const TrialProcess&) = delete;
  TrialProcess& operator=(const TrialProcess&) = delete;

  /// Waits until the trial is ready; false when it failed.
  bool wait_until_ready();
  /// Has one block run; nothing when it failed.
  std::optional<executors::Block> run_block(const Order& order);
  /// Tells the trial to end, so that several can do so at a time. Before that it looks whether its threads may still
  /// run where they might when it was ready.
  void tell_to_end();
  /// Waits for its end; tells it to, if that has not been done.
  void end();

  /// What its processes have used so far, its own, its workers' and its helpers', as far as the kernel tells.
  Nanoseconds cpu_time() const;

  bool failed() const { return result_.status != executors::Status::ok || result_.interrupted; }
  const TrialResult& result() const { return result_; }

 private:
  void allow();
  std::optional<Json> ask(const Json& message, std::string_view expected_type);
  bool send(const Json& message);
  std::optional<std::string> line();
  bool wait_for_output();
  void notice_standstill();
  void drain(Fd& from, std::string& into) const;
  std::nullopt_t give_up(executors::Status status, const std::string& error);
  std::nullopt_t note_end();
  void reap();

  Interrupt& interrupt_;
  TrialResult result_;
  Allowance allowance_;  ///< for the answer that is waited for
  bool told_to_end_ = false;
  bool last_look_ = false;  ///< it has been seen whether an answer came before the allowance was spent
  StartedTrial process_;
  Affinities affinities_;                        ///< when it was ready
  std::set<pid_t> processes_;                    ///< the same
  std::map<std::uint64_t, std::uint64_t> sums_;  ///< of blocks, by their tasks
  std::string output_;
  std::string error_output_;
};

}  // namespace mpmt::benchmarks
