// Who runs the tasks.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bell.hpp"
#include "base/catalog.hpp"
#include "base/clock.hpp"
#include "base/histogram.hpp"
#include "ipc/channel.hpp"
#include "workloads/workload.hpp"

namespace mpmt::executors {

/// Which CPU each thread is pinned to. With n usable CPUs and w workers:
/// `same`: all on the first; `spread`: worker i on CPU i mod n, the submitter on CPU w mod n; `free`: not pinned.
enum class Placement { same, spread, free };

using mpmt::Wait;

struct Config {
  const ipc::Description* channel = nullptr;  ///< null for an executor without links
  int workers = 1;                            ///< in all
  std::uint64_t batch = 1;                    ///< tasks per message
  std::size_t window = 1;                     ///< messages in flight per worker, at most
  std::size_t payload_bytes = 0;              ///< per task, each way
  Placement placement = Placement::spread;
  Wait wait = Wait::block;
  std::vector<int> cpus = {};  ///< usable CPUs, in the order in which they are dealt out; not empty
};

/// What became of an attempt to run something.
enum class Status { ok, wrong_checksum, worker_died, timed_out, unsupported, error };

/// A block of tasks, run from first dispatch to last completion.
struct Block {
  std::uint64_t tasks = 0;
  std::uint64_t messages = 0;
  std::int64_t wall_ns = 0;
  std::uint64_t sum = 0;  ///< of the tasks' results, mod 2^64
  Usage submitter;
  Usage workers;                ///< all of them together; zero when the submitter does the work
  std::int64_t late_ns = 0;     ///< by which an open-loop generator began its sends late through its own fault
  std::int64_t elapsed_ns = 0;  ///< what the block took by the clock where more than wall_ns: time that is not in the
                                ///< figure, but has to be waited for
};

struct Outcome {
  Status status = Status::ok;
  std::string error;  ///< names the worker and the batch at fault; empty when ok
  Block block;        ///< meaningful when ok
};

/// What to run, and what to watch meanwhile.
struct Request {
  std::uint64_t tasks = 0;     ///< tasks [0, tasks)
  bool check_replies = false;  ///< have the fixture look at every byte that comes back; for warm-up, it costs time
  Histogram* latency =
      nullptr;  ///< gets the time from dispatch to completion of every message, in ns, as the submitter sees it;
                ///< quick messages share readings of the clock (executors/shared_clock.hpp)
  bool more_follows = false;  ///< another run() comes at once: workers neither say what they have used, which leaves
                              ///< Block::workers zero, nor go to sleep
};

struct WorkerFacts {
  int id = 0;
  pid_t pid = 0;
  pid_t tid = 0;
  bool libc_single_threaded = false;  ///< the C library's fast paths for processes that never had a second thread
  std::vector<int> cpus_seen;         ///< where its batches ran
};

/// What the processes of an executor held of the machine's memory.
struct Memory {
  std::uint64_t peak_bytes = 0;  ///< resident, at most: the highest sum, over processes that lived at the same time, of
                                 ///< the largest that each had been; shared pages count once for each
  std::uint64_t pss_bytes = 0;   ///< the same with shared pages divided among those that share them (smaps_rollup); 0
                                 ///< where that was not seen
};

/// A group of workers that runs blocks of tasks. Starts in the factory, which returns when every worker has opened its
/// session; ends with shutdown(), or in the destructor, which kills what does not leave. Used by one thread, the
/// submitter: the one that made it. A fork while one exists is not supported, except by the executor itself.
///
/// After an outcome other than ok the executor is broken: only shutdown() and destruction are allowed.
class Executor {
 public:
  virtual ~Executor() = default;

  /// Runs the tasks once each, in batches, and returns when all are done, one has failed, a worker has died, or the
  /// deadline has passed. From its return until the next one no worker uses a CPU, whatever its wait: all sleep, unless
  /// more follows.
  virtual Outcome run(const Request& request, Deadline deadline) = 0;

  /// Lets the workers leave and waits for them; false when some had to be killed.
  virtual bool shutdown(Deadline deadline) = 0;

  virtual std::vector<WorkerFacts> workers() const = 0;

  /// What the workers held so far, for an executor that looks at that itself: nothing for those whose workers are
  /// threads or forks of this process. Not during a run(); may take the time of walking their page tables.
  virtual std::optional<Memory> memory() const { return {}; }

  /// What a reader of its blocks so far has to know of them, a line each; most have nothing to say.
  virtual std::vector<std::string> notes() const { return {}; }
};

struct Description {
  std::string_view name;
  std::string_view summary;  ///< one line
  bool uses_channel = true;  ///< has workers behind links: the axes channel, workers, window and wait apply
  ipc::Sides sides = ipc::Sides::threads;
  bool submitter_helps = false;  ///< the submitting thread runs tasks itself
  /// Throws what sessions, channels and system calls throw on a failed set-up. `fixture` outlives the executor.
  std::unique_ptr<Executor> (*start)(workloads::Fixture& fixture, const Config& config, Deadline deadline) = nullptr;
};

using ExecutorCatalog = Catalog<Description>;
using Registration = Registered<Description>;

}  // namespace mpmt::executors
