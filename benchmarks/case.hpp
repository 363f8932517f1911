// One thing that is measured: a workload under an executor with all parameters fixed.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "executors/executor.hpp"

namespace mpmt::benchmarks {

/// Values only; comparable by name(). Parameters that an executor does not have keep their defaults and are left out of
/// the name and null in the record.
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

  /// Stable and readable; nothing parses it.
  std::string name() const;

  bool has_links() const { return !channel.empty(); }

  /// Tasks per message in a block of `tasks`.
  std::uint64_t batch_in(std::uint64_t tasks) const;
};

/// Text forms of the enumerations, as on the command line and in the record.
std::string_view text_of(executors::Placement placement);
std::string_view text_of(executors::Wait wait);
std::string_view text_of(executors::Status status);
std::string_view text_of(workloads::Kind kind);

/// Throw std::invalid_argument naming what is allowed.
executors::Placement placement_from(std::string_view text);
executors::Wait wait_from(std::string_view text);
executors::Status status_from(std::string_view text);

/// The case's parts, each a field of its own; used in the protocol and in the record alike.
nlohmann::json to_json(const Case& measured);
/// Throws nlohmann::json::exception or std::invalid_argument on what is missing or not allowed.
Case case_from(const nlohmann::json& fields);

}  // namespace mpmt::benchmarks
