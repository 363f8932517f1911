#include "benchmarks/case/names.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>
#include <utility>

#include "base/text.hpp"

namespace mpmt::benchmarks {
namespace {

using executors::Placement;
using executors::Status;
using executors::Wait;

template <class Value, std::size_t Count>
using Names = std::array<std::pair<Value, std::string_view>, Count>;

constexpr Names<Placement, 3> kPlacements{
    {{Placement::same, "same"}, {Placement::spread, "spread"}, {Placement::free, "free"}}};
constexpr Names<Wait, 3> kWaits{{{Wait::block, "block"}, {Wait::yield, "yield"}, {Wait::spin, "spin"}}};
constexpr Names<Status, 6> kStatuses{{{Status::ok, "ok"},
                                      {Status::wrong_checksum, "wrong_checksum"},
                                      {Status::worker_died, "worker_died"},
                                      {Status::timed_out, "timed_out"},
                                      {Status::unsupported, "unsupported"},
                                      {Status::error, "error"}}};
constexpr Names<workloads::Kind, 3> kKinds{
    {{workloads::Kind::harness, "harness"}, {workloads::Kind::cpu, "cpu"}, {workloads::Kind::io, "io"}}};
constexpr Names<ipc::Sides, 2> kSides{{{ipc::Sides::threads, "threads"}, {ipc::Sides::processes, "processes"}}};
constexpr Names<pairs::Pattern, 3> kPatterns{{{pairs::Pattern::ping_pong, "ping_pong"},
                                              {pairs::Pattern::stream, "stream"},
                                              {pairs::Pattern::open_loop, "open_loop"}}};
constexpr Names<Who, 3> kWho{{{Who::threads, "threads"}, {Who::processes, "processes"}, {Who::neither, "neither"}}};
constexpr Names<FutexScope, 2> kFutexes{{{FutexScope::one_process, "private"}, {FutexScope::processes, "shared"}}};

template <class Value, std::size_t Count>
std::string_view name_in(const Names<Value, Count>& names, Value value) {
  return std::find_if(names.begin(), names.end(), [&](const auto& entry) { return entry.first == value; })->second;
}

template <class Value, std::size_t Count>
Value value_in(const Names<Value, Count>& names, std::string_view name) {
  std::string allowed;
  for (const auto& [value, known] : names) {
    if (known == name) return value;
    allowed.append(allowed.empty() ? "" : ", ").append(known);
  }
  throw std::invalid_argument(text("'", name, "' is unknown; allowed: ", allowed));
}

}  // namespace

std::string_view text_of(Placement placement) {
  return name_in(kPlacements, placement);
}
std::string_view text_of(Wait wait) {
  return name_in(kWaits, wait);
}
std::string_view text_of(Status status) {
  return name_in(kStatuses, status);
}
std::string_view text_of(workloads::Kind kind) {
  return name_in(kKinds, kind);
}
std::string_view text_of(ipc::Sides sides) {
  return name_in(kSides, sides);
}
std::string_view text_of(pairs::Pattern pattern) {
  return name_in(kPatterns, pattern);
}
std::string_view text_of(FutexScope futex) {
  return name_in(kFutexes, futex);
}
std::string_view text_of(Who who) {
  return name_in(kWho, who);
}
Placement placement_from(std::string_view name) {
  return value_in(kPlacements, name);
}
Wait wait_from(std::string_view name) {
  return value_in(kWaits, name);
}
Status status_from(std::string_view name) {
  return value_in(kStatuses, name);
}
ipc::Sides sides_from(std::string_view name) {
  return value_in(kSides, name);
}
pairs::Pattern pattern_from(std::string_view name) {
  return value_in(kPatterns, name);
}
FutexScope futex_from(std::string_view name) {
  return value_in(kFutexes, name);
}
Who who_from(std::string_view name) {
  return value_in(kWho, name);
}
workloads::Kind kind_from(std::string_view name) {
  return value_in(kKinds, name);
}

}  // namespace mpmt::benchmarks
