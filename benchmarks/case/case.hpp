// One thing that is measured: a workload under an executor, or two sides that talk over a bare channel, with all
// parameters fixed.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "executors/executor.hpp"
#include "pairs/pair.hpp"

namespace mpmt::benchmarks {

/// What a pair of sides has in place of workload, executor, workers, grain, batch and payload.
struct PairParameters {
  bool floor = false;  ///< `channel` names a floor
  ipc::Sides sides = ipc::Sides::threads;
  pairs::Pattern pattern = pairs::Pattern::ping_pong;
  std::size_t message_bytes = pairs::kWordBytes;
  std::optional<FutexScope> futex = std::nullopt;  ///< none: the channel has no futex of its own
  bool touched = true;
  double rate = 0;  ///< messages a second; open_loop only
};

/// Values only; comparable by name(). Parameters that a family, an executor or a floor does not have keep their
/// defaults and are left out of the name and null in the record. What is not the same for all families is in
/// family.hpp.
struct Case {
  std::string family = "pool";
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
  PairParameters pair;
  std::string label;  ///< tells apart contenders that are equal in all of this; empty as a rule

  /// Stable and readable; nothing parses it.
  std::string name() const;

  bool has_links() const { return !channel.empty(); }
  /// Whether nobody but the submitter works: what speed-ups are worked out against.
  bool is_serial() const { return executor == "serial"; }
  /// Whether its tasks begin at a given rate: then a block's time says nothing, and latencies all.
  bool is_paced() const { return pair.rate > 0; }

  /// Tasks per message in a block of `tasks`.
  std::uint64_t batch_in(std::uint64_t tasks) const;
};

/// The case's parts, each a field of its own; used in the protocol and in the record alike.
nlohmann::json to_json(const Case& measured);
/// Throws nlohmann::json::exception or std::invalid_argument on what is missing or not allowed.
Case case_from(const nlohmann::json& fields);

}  // namespace mpmt::benchmarks
