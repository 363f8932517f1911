#include "benchmarks/case.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

#include "base/text.hpp"

namespace mpmt::benchmarks {

using Json = nlohmann::json;

namespace {

using executors::Placement;
using executors::Status;
using executors::Wait;

template <class Value, std::size_t Count>
using Names = std::array<std::pair<Value, std::string_view>, Count>;

constexpr Names<Placement, 3> kPlacements{
    {{Placement::same, "same"}, {Placement::spread, "spread"}, {Placement::free, "free"}}};
constexpr Names<Wait, 3> kWaits{{{Wait::block, "block"}, {Wait::yield, "yield"}, {Wait::spin, "spin"}}};
constexpr Names<Status, 8> kStatuses{{{Status::ok, "ok"},
                                      {Status::wrong_checksum, "wrong_checksum"},
                                      {Status::worker_died, "worker_died"},
                                      {Status::timed_out, "timed_out"},
                                      {Status::disturbed, "disturbed"},
                                      {Status::unstable, "unstable"},
                                      {Status::unsupported, "unsupported"},
                                      {Status::error, "error"}}};
constexpr Names<workloads::Kind, 3> kKinds{
    {{workloads::Kind::harness, "harness"}, {workloads::Kind::cpu, "cpu"}, {workloads::Kind::io, "io"}}};

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
Placement placement_from(std::string_view name) {
  return value_in(kPlacements, name);
}
Wait wait_from(std::string_view name) {
  return value_in(kWaits, name);
}
Status status_from(std::string_view name) {
  return value_in(kStatuses, name);
}

std::string Case::name() const {
  std::string name = workload + "/" + executor;
  if (has_links()) name += text("/", channel, "/workers:", workers);
  name += text("/grain:", grain, "/batch:", batch == 0 ? "split" : std::to_string(batch), "/payload:", payload_bytes);
  if (has_links()) name += text("/window:", window);
  name += text("/placement:", text_of(placement));
  if (has_links()) name += text("/wait:", text_of(wait));
  return name;
}

std::uint64_t Case::batch_in(std::uint64_t tasks) const {
  if (batch != 0) return batch;
  const auto sharers = static_cast<std::uint64_t>(workers);
  return std::max<std::uint64_t>(1, (tasks + sharers - 1) / sharers);
}

Json to_json(const Case& measured) {
  Json fields{{"family", measured.family},
              {"workload", measured.workload},
              {"executor", measured.executor},
              {"channel", nullptr},
              {"workers", measured.workers},
              {"grain", measured.grain},
              {"batch", measured.batch},
              {"batch_split", measured.batch == 0},
              {"payload_bytes", measured.payload_bytes},
              {"window", nullptr},
              {"placement", text_of(measured.placement)},
              {"wait", nullptr}};
  if (measured.has_links()) {
    fields["channel"] = measured.channel;
    fields["window"] = measured.window;
    fields["wait"] = text_of(measured.wait);
  }
  return fields;
}

Case case_from(const Json& fields) {
  Case made;
  made.family = fields.at("family").get<std::string>();
  made.workload = fields.at("workload").get<std::string>();
  made.executor = fields.at("executor").get<std::string>();
  made.workers = fields.at("workers").get<int>();
  made.grain = fields.at("grain").get<std::uint64_t>();
  made.batch = fields.value("batch_split", false) ? 0 : fields.at("batch").get<std::uint64_t>();
  made.payload_bytes = fields.at("payload_bytes").get<std::size_t>();
  made.placement = placement_from(fields.at("placement").get<std::string>());
  if (fields.at("channel").is_null()) return made;
  made.channel = fields.at("channel").get<std::string>();
  made.window = fields.at("window").get<std::size_t>();
  made.wait = wait_from(fields.at("wait").get<std::string>());
  return made;
}

}  // namespace mpmt::benchmarks
