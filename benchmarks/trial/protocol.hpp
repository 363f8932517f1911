// The conversation between `mpmt run` and a trial: JSON objects, one a line, over the trial's standard input and
// output.
//
//     run    {"type": "case", "protocol": 2, "case": {...}, "tasks": n, "warmup_tasks": n, "deadline_s": s, ...}
//     trial  {"type": "ready", "startup_ns": n, "workers": [...], "surroundings": {...}}
//     run    {"type": "run", "tasks": n, "settle_tasks": n}                        any number of times
//     trial  {"type": "block", "wall_ns": n, "checksum": "0x...", "cpu_ns": {...}, ...}
//     run    {"type": "end"}
//     trial  {"type": "done", "shutdown_ns": n, "latency_ns": {...}, "workers": [...]}
//
// At any point the trial may say {"type": "failed", "status": "...", "error": "..."} and end. docs/trial-protocol.md
// has all fields; a program in any language that speaks this can be measured.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/histogram.hpp"
#include "benchmarks/case/case.hpp"

namespace mpmt::benchmarks {

using Json = nlohmann::json;

inline constexpr int kProtocolVersion = 2;
/// What mpmt's own trial speaks as well: one deadline for the whole trial, and blocks of `tasks` as the case has them.
inline constexpr int kOldestProtocol = 1;
/// A longer line is taken for garbage.
inline constexpr std::size_t kMaxLineBytes = std::size_t{16} << 20;

/// The first message of a conversation that is about what a program has; its answer is to_json(Offer), and what else
/// there is to know of the program.
Json describe_message();
inline constexpr auto kDescription = "description";

/// To this program's own trial alone: list the benchmarks of a Google Benchmark program, by its words.
Json list_message(const std::vector<std::string>& words);
inline constexpr auto kListing = "listing";

/// What a trial is to do.
struct Assignment {
  Case measured;
  std::uint64_t tasks = 1;  ///< per block, unless an order says otherwise
  std::uint64_t warmup_tasks = 1;
  double deadline_s = 30;  ///< for each answer, from the moment the trial has read what it answers
  std::string data_dir;
  std::vector<int> cpus = {};  ///< usable CPUs in the order in which they are dealt out; empty: as the trial finds them
  int protocol = kProtocolVersion;
};

/// One block.
struct Order {
  std::uint64_t tasks = 1;   ///< timed
  std::uint64_t settle = 0;  ///< run right before, untimed
  bool latencies = true;     ///< of its messages are kept
};

Json to_json(const Order& order);
/// What the message leaves out is as `usual` has it.
Order order_from(const Json& message, const Order& usual);

/// Sums are 64 bits wide, more than a JSON number holds everywhere: "0x" and 16 digits.
std::string hex(std::uint64_t value);
std::uint64_t from_hex(const std::string& text);

Json to_json(const Assignment& assignment);
Assignment assignment_from(const Json& message);

/// cpu_ns, context_switches and page_faults, as a block's message and a record's entry have them.
Json usage_fields(const Usage& submitter, const Usage& workers);

Json to_json(const executors::Block& block);
executors::Block block_from(const Json& message);

/// {"count", "max", "histogram": [[lowest value of a bucket, count], ...]}
Json to_json(const Histogram& histogram);
Histogram histogram_from(const Json& fields);

/// {"peak_bytes", "pss_bytes"}
Json to_json(const executors::Memory& memory);
executors::Memory memory_from(const Json& fields);

Json to_json(const std::vector<executors::WorkerFacts>& workers);
std::vector<executors::WorkerFacts> workers_from(const Json& list);

}  // namespace mpmt::benchmarks
