// One thing that is measured: a workload under an executor, or two sides that talk over a bare channel, with all
// parameters fixed.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "executors/executor.hpp"
#include "pairs/pair.hpp"

namespace mpmt::benchmarks {

/// `pool`: a workload under an executor. `channel`: two sides over a bare channel or floor.
enum class Family { pool, channel };

/// What a case of the family `channel` has in place of workload, executor, workers, grain, batch and payload.
struct Exchange {
  bool floor = false;  ///< `channel` names a floor
  ipc::Sides sides = ipc::Sides::threads;
  pairs::Pattern pattern = pairs::Pattern::ping_pong;
  std::size_t message_bytes = pairs::kWordBytes;
  std::optional<FutexScope> futex = std::nullopt;  ///< none: the channel has no futex of its own
  bool touched = true;
  double rate = 0;  ///< messages a second; open_loop only
};

/// Values only; comparable by name(). Parameters that an executor or a floor does not have keep their defaults and are
/// left out of the name and null in the record.
struct Case {
  Family family = Family::pool;
  std::string workload;
  std::string executor;
  std::string channel;  ///< empty: the executor has none
  int workers = 1;
  std::uint64_t grain = 1;
  std::uint64_t batch = 1;  ///< tasks per message; 0 = split: the block's tasks ÷ workers, rounded up
  std::size_t payload_bytes = 0;
  std::size_t window = 1;
  executors::Placement placement = executors::Placement::spread;
  executors::Wait wait = executors::Wait::block;
  Exchange exchange;
  std::string label;  ///< tells apart contenders that are equal in all of this; empty as a rule

  /// Stable and readable; nothing parses it.
  std::string name() const;

  bool is_exchange() const { return family == Family::channel; }
  bool has_links() const { return !channel.empty(); }
  /// Whether the axis `wait` applies.
  bool has_wait() const;
  /// Whether the work is done in other processes than the submitter's.
  bool uses_processes() const;

  /// Tasks per message in a block of `tasks`.
  std::uint64_t batch_in(std::uint64_t tasks) const;
};

/// Raised when what is measured under the same name changes: the workload's, or that of the patterns.
int bench_version_of(const Case& measured);

/// Text forms of the enumerations, as on the command line and in the record.
std::string_view text_of(executors::Placement placement);
std::string_view text_of(executors::Wait wait);
std::string_view text_of(executors::Status status);
std::string_view text_of(workloads::Kind kind);
std::string_view text_of(Family family);
std::string_view text_of(ipc::Sides sides);
std::string_view text_of(pairs::Pattern pattern);
std::string_view text_of(FutexScope futex);

/// Throw std::invalid_argument naming what is allowed.
executors::Placement placement_from(std::string_view text);
executors::Wait wait_from(std::string_view text);
executors::Status status_from(std::string_view text);
Family family_from(std::string_view text);
ipc::Sides sides_from(std::string_view text);
pairs::Pattern pattern_from(std::string_view text);
FutexScope futex_from(std::string_view text);

/// The case's parts, each a field of its own; used in the protocol and in the record alike.
nlohmann::json to_json(const Case& measured);
/// Throws nlohmann::json::exception or std::invalid_argument on what is missing or not allowed.
Case case_from(const nlohmann::json& fields);

}  // namespace mpmt::benchmarks
