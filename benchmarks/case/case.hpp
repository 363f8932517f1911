// One thing that is measured: a workload under an executor, or two sides that talk over a bare channel, with all
// parameters fixed.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "benchmarks/case/foreign.hpp"
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

/// `neither`: nobody works behind a link (serial), or it is a floor.
enum class Who { threads, processes, neither };

/// What is known of a case's parts, found out once, when it is planned: nothing later looks a name up. No part of a
/// case's name.
struct CaseFacts {
  Who who = Who::neither;
  int version = 1;  ///< of what is measured: raised when that changes under the same name
  std::optional<workloads::Kind> kind = std::nullopt;  ///< none: it has no workload
  bool submitter_helps = false;
  bool baseline = false;                     ///< nobody but the submitter works, as plainly as can be
  bool has_window = true;                    ///< how many messages are in flight can be chosen
  bool has_wait = true;                      ///< the same, of how its sides wait
  std::size_t max_payload_bytes = SIZE_MAX;  ///< of a message
  std::optional<int> copies_per_message = std::nullopt;
};

/// Values only; comparable by name(). Parameters that a family, an executor or a floor does not have keep their
/// defaults and are left out of the name and null in the record. What is not the same for all families is in
/// family.hpp.
struct Case {
  std::string program;  ///< that runs it, by the name that a user gave it; empty: this one
  std::string family = "pool";
  std::string workload;
  std::string executor;
  std::string channel;  ///< empty: the executor has none
  int workers = 1;
  std::uint64_t grain = 1;
  std::uint64_t batch = 1;  ///< tasks per message; 0 = split: the block's tasks ÷ workers, rounded up
  std::size_t payload_bytes = 0;
  std::optional<int> waiting_percent = std::nullopt;  ///< none: the workload takes none
  std::size_t window = 1;
  executors::Placement placement = executors::Placement::spread;
  executors::Wait wait = executors::Wait::block;
  PairParameters pair;
  ForeignParameters foreign;
  CaseFacts facts;

  /// Stable and readable; nothing parses it.
  std::string name() const;
  /// The same without the program: equal cases of two programs share it.
  std::string name_in_any_program() const;

  bool has_links() const { return !channel.empty(); }
  /// Whether nobody but the submitter works: what speed-ups are worked out against.
  bool is_serial() const { return facts.baseline; }
  /// Whether its tasks begin at a given rate: then a block's time says nothing, and latencies all.
  bool is_paced() const { return pair.rate > 0; }

  /// Tasks per message in a block of `tasks`.
  std::uint64_t batch_in(std::uint64_t tasks) const;
};

/// The share of a task that waits, "70%"; empty: its workload takes none.
std::string waiting_text(const Case& measured);

/// The case's parts, each a field of its own; used in the protocol and in the record alike.
nlohmann::json to_json(const Case& measured);
/// Throws nlohmann::json::exception or std::invalid_argument on what is missing or not allowed.
Case case_from(const nlohmann::json& fields);

}  // namespace mpmt::benchmarks
