// What a program has: workloads, executors and channels, as far as a plan has to know of them.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "benchmarks/case/case.hpp"

namespace mpmt::benchmarks {

struct WorkloadOffer {
  std::string name;
  workloads::Kind kind = workloads::Kind::cpu;
  int version = 1;               ///< results of different versions are never compared
  std::string question = "cpu";  ///< the kind of question that it stands for
  bool typical = false;          ///< of those of its question
  std::string summary;           ///< one line
  std::string grain_unit;        ///< one line
  bool grain_scales = true;
  std::size_t minimum_payload = 0;       ///< bytes; a smaller payload is refused
  std::uint64_t usual_grain = 1;         ///< for a workload that no profile lists
  bool takes_waiting = false;            ///< what share of a task waits can be chosen
  std::optional<Nanoseconds> unit = {};  ///< what a unit of grain takes by definition; none: that is to be measured
};

struct ExecutorOffer {
  std::string name;
  Who who = Who::neither;
  std::vector<std::string> channels;  ///< that it can use; none: it has no links
  bool submitter_helps = false;
  bool quick = false;       ///< among those that the quick profile measures
  std::string unsupported;  ///< why it cannot be run here; empty: it can
};

struct ChannelOffer {
  std::string name;
  std::size_t max_payload_bytes = SIZE_MAX;  ///< of one message
  bool has_window = true;
  bool has_wait = true;
};

/// Values. The first executor with nobody behind a link is the baseline of the others.
struct Offer {
  std::vector<std::string> families;  ///< whose cases it takes
  std::vector<WorkloadOffer> workloads;
  std::vector<ExecutorOffer> executors;
  std::vector<ChannelOffer> channels;

  const WorkloadOffer* workload(const std::string& name) const;
  const ExecutorOffer* executor(const std::string& name) const;
  const ChannelOffer* channel(const std::string& name) const;
  const ExecutorOffer* baseline() const;
};

/// Of this program, from its catalogues.
const Offer& own_offer();

/// Of a case of pools, by the names of its parts; what the offer does not have keeps its defaults.
CaseFacts facts_in(const Offer& offer, const Case& pool);

/// As a program's `description` has it (docs/trial-protocol.md). Reading throws nlohmann::json::exception or
/// std::invalid_argument, naming the field.
nlohmann::json to_json(const Offer& offer);
Offer offer_from(const nlohmann::json& description);

}  // namespace mpmt::benchmarks
