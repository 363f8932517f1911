#include "benchmarks/case/offer.hpp"

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "base/text.hpp"
#include "benchmarks/case/family.hpp"
#include "benchmarks/case/names.hpp"

namespace mpmt::benchmarks {
namespace {

using Json = nlohmann::json;

/// Beyond it a description is no description.
constexpr std::size_t kMostParts = 1000;
constexpr std::size_t kMostName = 100;
constexpr std::size_t kMostLine = 1000;

template <class Part>
const Part* named(const std::vector<Part>& parts, const std::string& name) {
  const auto found = std::find_if(parts.begin(), parts.end(), [&](const Part& part) { return part.name == name; });
  return found == parts.end() ? nullptr : &*found;
}

bool can_use(const executors::Description& executor, const ipc::Description& channel) {
  return executor.sides == ipc::Sides::threads ? channel.between_threads : channel.between_processes;
}

ExecutorOffer offered(const executors::Description& executor) {
  ExecutorOffer offer;
  offer.name = executor.name;
  offer.submitter_helps = executor.submitter_helps;
  offer.quick = offer.name == "serial" || offer.name == "thread_pool" || offer.name == "process_pool";
  if (!executor.uses_channel) return offer;
  offer.who = executor.sides == ipc::Sides::threads ? Who::threads : Who::processes;
  for (const auto& channel : ipc::ChannelCatalog::instance().all()) {
    if (can_use(executor, channel)) offer.channels.emplace_back(channel.name);
  }
  return offer;
}

Offer offer_of_catalogues() {
  Offer offer;
  for (const auto& family : FamilyCatalog::instance().all()) {
    if (!family.starts_programs) offer.families.emplace_back(family.name);
  }
  for (const auto& workload : workloads::WorkloadCatalog::instance().all()) {
    auto& offered = offer.workloads.emplace_back();
    offered.name = workload.name;
    offered.kind = workload.kind;
    offered.version = workload.version;
    offered.question = workload.question;
    offered.typical = workload.typical;
    offered.summary = workload.summary;
    offered.grain_unit = workload.grain_unit;
    offered.grain_scales = workload.grain_scales;
    offered.minimum_payload = workload.minimum_payload;
    offered.usual_grain = workload.usual_grain;
    offered.takes_waiting = workload.takes_waiting;
    offered.unit = workload.unit;
  }
  for (const auto& executor : executors::ExecutorCatalog::instance().all())
    offer.executors.push_back(offered(executor));
  for (const auto& channel : ipc::ChannelCatalog::instance().all()) {
    offer.channels.push_back({std::string(channel.name), channel.max_payload_bytes, true, true});
  }
  return offer;
}

/// What is there under the key, or `otherwise`; of another type it is refused by name.
template <class Value>
Value field(const Json& part, const char* key, const Value& otherwise) {
  try {
    return part.value(key, otherwise);
  } catch (const Json::exception& wrong) {
    throw std::invalid_argument(text(key, ": ", wrong.what()));
  }
}

/// The same where it has to be there.
template <class Value>
Value field(const Json& part, const char* key) {
  if (!part.is_object() || !part.contains(key)) throw std::invalid_argument(text("'", key, "' is missing"));
  return field(part, key, Value());
}

/// A word of an enumeration.
template <class Value>
Value word(const Json& part, const char* key, Value (*from)(std::string_view)) {
  try {
    return from(field<std::string>(part, key));
  } catch (const std::invalid_argument& wrong) {
    throw std::invalid_argument(text(key, ": ", wrong.what()));
  }
}

std::string name_from(const Json& part, const char* key = "name") {
  auto name = field<std::string>(part, key);
  const auto fits = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-' || c == '.';
  };
  if (name.empty() || name.size() > kMostName || !std::all_of(name.begin(), name.end(), fits)) {
    throw std::invalid_argument(text("'", name.substr(0, kMostName), "' is no name: letters, digits, _ - and ."));
  }
  return name;
}

/// A line, or nothing.
std::string line_from(const Json& part, const char* key) {
  auto line = field(part, key, std::string());
  if (line.size() > kMostLine) throw std::invalid_argument(text(key, ": more than ", kMostLine, " bytes"));
  return line;
}

const Json& list_in(const Json& description, const char* key) {
  static const Json nothing = Json::array();
  if (!description.contains(key)) return nothing;
  const Json& list = description.at(key);
  if (!list.is_array() || list.size() > kMostParts) throw std::invalid_argument(text(key, " is not a list"));
  return list;
}

/// Where a program does not say.
std::string usual_question(workloads::Kind kind) {
  switch (kind) {
    case workloads::Kind::harness:
      return "hand_over";
    case workloads::Kind::io:
      return "wait";
    default:
      return "cpu";
  }
}

WorkloadOffer workload_from(const Json& part) {
  WorkloadOffer offer;
  offer.name = name_from(part);
  offer.kind = word(part, "kind", kind_from);
  offer.version = field<int>(part, "version");
  offer.question = part.contains("question") ? name_from(part, "question") : usual_question(offer.kind);
  offer.typical = field(part, "typical", false);
  offer.summary = line_from(part, "summary");
  offer.grain_unit = line_from(part, "grain_unit");
  offer.grain_scales = field(part, "grain_scales", true);
  offer.minimum_payload = field(part, "minimum_payload", std::size_t{0});
  offer.usual_grain = std::max<std::uint64_t>(1, field(part, "usual_grain", std::uint64_t{1}));
  offer.takes_waiting = field(part, "takes_waiting", false);
  if (const auto unit = field(part, "unit_ns", std::int64_t{0}); unit > 0) offer.unit = Nanoseconds(unit);
  return offer;
}

ExecutorOffer executor_from(const Json& part) {
  ExecutorOffer offer;
  offer.name = name_from(part);
  offer.who = word(part, "sides", who_from);
  list_in(part, "channels");
  offer.channels = field(part, "channels", std::vector<std::string>());
  if (offer.channels.empty() != (offer.who == Who::neither)) {
    throw std::invalid_argument(text("executor ", offer.name, ": who has sides has channels, and nobody else"));
  }
  offer.submitter_helps = field(part, "submitter_helps", false);
  offer.quick = field(part, "quick", false);
  offer.unsupported = field(part, "unsupported", std::string());
  return offer;
}

ChannelOffer channel_from(const Json& part) {
  return {name_from(part), field(part, "max_payload_bytes", SIZE_MAX), field(part, "has_window", true),
          field(part, "has_wait", true)};
}

}  // namespace

const WorkloadOffer* Offer::workload(const std::string& name) const {
  return named(workloads, name);
}
const ExecutorOffer* Offer::executor(const std::string& name) const {
  return named(executors, name);
}
const ChannelOffer* Offer::channel(const std::string& name) const {
  return named(channels, name);
}
const ExecutorOffer* Offer::baseline() const {
  const auto alone = [](const ExecutorOffer& executor) { return executor.who == Who::neither; };
  const auto found = std::find_if(executors.begin(), executors.end(), alone);
  return found == executors.end() ? nullptr : &*found;
}

const Offer& own_offer() {
  static const Offer offer = offer_of_catalogues();
  return offer;
}

CaseFacts facts_in(const Offer& offer, const Case& pool) {
  CaseFacts facts;
  if (const auto* const workload = offer.workload(pool.workload)) {
    facts.version = workload->version;
    facts.kind = workload->kind;
  }
  if (const auto* const executor = offer.executor(pool.executor)) {
    facts.who = executor->who;
    facts.submitter_helps = executor->submitter_helps;
    facts.baseline = executor == offer.baseline();
  }
  if (const auto* const channel = offer.channel(pool.channel)) {
    facts.has_window = channel->has_window;
    facts.has_wait = channel->has_wait;
    facts.max_payload_bytes = channel->max_payload_bytes;
  }
  return facts;
}

Json to_json(const Offer& offer) {
  Json description{{"families", offer.families},
                   {"workloads", Json::array()},
                   {"executors", Json::array()},
                   {"channels", Json::array()}};
  for (const auto& workload : offer.workloads) {
    Json fields{{"name", workload.name},
                {"kind", text_of(workload.kind)},
                {"version", workload.version},
                {"question", workload.question},
                {"typical", workload.typical},
                {"summary", workload.summary},
                {"grain_unit", workload.grain_unit},
                {"grain_scales", workload.grain_scales},
                {"minimum_payload", workload.minimum_payload},
                {"usual_grain", workload.usual_grain},
                {"takes_waiting", workload.takes_waiting}};
    if (workload.unit) fields["unit_ns"] = workload.unit->count();
    description["workloads"].push_back(std::move(fields));
  }
  for (const auto& executor : offer.executors) {
    Json fields{{"name", executor.name},
                {"sides", text_of(executor.who)},
                {"channels", executor.channels},
                {"submitter_helps", executor.submitter_helps},
                {"quick", executor.quick}};
    if (!executor.unsupported.empty()) fields["unsupported"] = executor.unsupported;
    description["executors"].push_back(std::move(fields));
  }
  for (const auto& channel : offer.channels) {
    description["channels"].push_back({{"name", channel.name},
                                       {"max_payload_bytes", channel.max_payload_bytes},
                                       {"has_window", channel.has_window},
                                       {"has_wait", channel.has_wait}});
  }
  return description;
}

Offer offer_from(const Json& description) {
  Offer offer;
  offer.families = description.value("families", std::vector<std::string>{"pool"});
  for (const auto& part : list_in(description, "workloads")) offer.workloads.push_back(workload_from(part));
  for (const auto& part : list_in(description, "executors")) offer.executors.push_back(executor_from(part));
  for (const auto& part : list_in(description, "channels")) offer.channels.push_back(channel_from(part));
  return offer;
}

}  // namespace mpmt::benchmarks
