// What a task does. This folder knows nothing of who runs a task, over which channel, or how it is measured.
//
// A workload has three lifetimes, so that every kind of state has one place to live in:
//
//     Description   constant    name, unit of grain, factory                     one per workload, in the catalogue
//     Fixture       one trial   files, a server process, tables                  made before any worker exists
//     Session       one worker  descriptors, connections, buffers                opened inside the worker
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include "base/catalog.hpp"

namespace mpmt::workloads {

/// Tasks [first, first + count). A task is known by its index alone.
struct TaskRange {
  std::uint64_t first = 0;
  std::uint64_t count = 0;
};

inline constexpr int kUsualWaitingPercent = 50;
inline constexpr int kMostWaitingPercent = 99;

struct Parameters {
  std::uint64_t grain = 1;                     ///< size of one task, in the workload's unit; at least 1
  std::size_t payload_bytes = 0;               ///< bytes that travel with each task, each way
  std::filesystem::path data_dir;              ///< where files may be made; they are unnamed or unlinked at once
  int waiting_percent = kUsualWaitingPercent;  ///< of a task's nominal time, 0 to kMostWaitingPercent: waits
};

/// A worker's view of the workload. Used by the one thread that opened it.
class Session {
 public:
  virtual ~Session() = default;

  /// Runs the tasks and returns the sum, mod 2^64, of their results: the same however a range is dealt out.
  ///
  /// `in` and `out` hold count × payload_bytes bytes, one slice a task, in order; both are empty when nothing travels.
  /// A task that fails throws TaskError, naming its index.
  virtual std::uint64_t run(TaskRange tasks, std::span<const std::byte> in, std::span<std::byte> out) = 0;
};

/// What all workers of a trial share. Made and destroyed by the trial's only thread; after fork a child has a copy.
class Fixture {
 public:
  virtual ~Fixture() = default;

  /// Opens worker number `worker`'s session, in the thread or process of that worker. Threads call this concurrently.
  virtual std::unique_ptr<Session> open(int worker) = 0;

  /// The sum that run() over `tasks` must give. Known, not measured: it neither waits nor repeats the work of the
  /// range; only when a range is first asked for that has variants not asked for before may it take as long as they do.
  /// Used by the thread that made the fixture.
  virtual std::uint64_t expected_sum(TaskRange tasks) const = 0;

  /// What the submitter sends with every task: payload_bytes bytes. The same for all tasks. As it is here: a fixed
  /// pattern without a period.
  virtual void fill_request(std::span<std::byte> payload) const;

  /// Whether `out`, as run() has left it for one task or more, is right. As it is here: always, for a workload that
  /// leaves `out` as it was (its payload only travels).
  virtual bool reply_is_right(TaskRange tasks, std::span<const std::byte> out) const;

  /// What a reader of the record must know of this trial's surroundings, e.g. {"file_system", "ext4"}.
  virtual std::map<std::string, std::string> surroundings() const { return {}; }
};

/// Thrown by `prepare` when this machine cannot run the workload as it is meant; the case's status is `unsupported`.
struct Unsupported : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Thrown by Session::run.
struct TaskError : std::runtime_error {
  TaskError(std::uint64_t task, const std::string& what) : std::runtime_error(what), first_failing_task(task) {}
  std::uint64_t first_failing_task;
};

enum class Kind { harness, cpu, io };

struct Description {
  std::string_view name;
  std::string_view summary;     ///< one line
  std::string_view grain_unit;  ///< "one unit of grain is ...", one line
  Kind kind = Kind::cpu;
  /// The kind of question that it stands for, a word: hand_over, cpu, copy, wait, file, mix. Reports and `mpmt ask`
  /// offer what is there; a new one needs no list.
  std::string_view question = "cpu";
  bool typical = false;  ///< the one that is taken for its question where a user names no workload
  /// Raised by hand when the meaning of a task changes: results of different versions are never compared.
  /// A test pins each version's checksum of a fixed block.
  int version = 1;
  bool grain_scales = true;  ///< cost grows with grain, so that `--grain 100us` can be calibrated
  /// What a unit of grain takes by definition: a wait. None: that depends on the machine, and is calibrated.
  std::optional<std::chrono::nanoseconds> unit = std::nullopt;
  bool reads_payload = false;       ///< false: a payload only travels
  std::size_t minimum_payload = 0;  ///< bytes; a smaller payload is refused
  std::uint64_t usual_grain = 1;    ///< where neither the user nor the profile says
  bool takes_waiting = false;       ///< Parameters::waiting_percent means something to it
  std::unique_ptr<Fixture> (*prepare)(const Parameters&) = nullptr;
};

using WorkloadCatalog = Catalog<Description>;
using Registration = Registered<Description>;

}  // namespace mpmt::workloads
