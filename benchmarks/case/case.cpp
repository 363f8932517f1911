#include "benchmarks/case/case.hpp"

#include <algorithm>
#include <array>
#include <charconv>
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
constexpr Names<Status, 6> kStatuses{{{Status::ok, "ok"},
                                      {Status::wrong_checksum, "wrong_checksum"},
                                      {Status::worker_died, "worker_died"},
                                      {Status::timed_out, "timed_out"},
                                      {Status::unsupported, "unsupported"},
                                      {Status::error, "error"}}};
constexpr Names<workloads::Kind, 3> kKinds{
    {{workloads::Kind::harness, "harness"}, {workloads::Kind::cpu, "cpu"}, {workloads::Kind::io, "io"}}};
constexpr Names<Family, 2> kFamilies{{{Family::pool, "pool"}, {Family::channel, "channel"}}};
constexpr Names<ipc::Sides, 2> kSides{{{ipc::Sides::threads, "threads"}, {ipc::Sides::processes, "processes"}}};
constexpr Names<pairs::Pattern, 3> kPatterns{{{pairs::Pattern::ping_pong, "ping_pong"},
                                              {pairs::Pattern::stream, "stream"},
                                              {pairs::Pattern::open_loop, "open_loop"}}};
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
std::string_view text_of(Family family) {
  return name_in(kFamilies, family);
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
Placement placement_from(std::string_view name) {
  return value_in(kPlacements, name);
}
Wait wait_from(std::string_view name) {
  return value_in(kWaits, name);
}
Status status_from(std::string_view name) {
  return value_in(kStatuses, name);
}

Family family_from(std::string_view name) {
  return value_in(kFamilies, name);
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

namespace {

/// All digits that matter: two rates are two cases.
std::string number_text(double value) {
  std::array<char, 32> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value, std::chars_format::fixed).ptr;
  return {digits.data(), end};
}

std::string exchange_name(const Case& c) {
  const auto& e = c.exchange;
  std::string name = text(c.channel, "/", text_of(e.sides), "/", text_of(e.pattern), "/bytes:", e.message_bytes,
                          "/window:", c.window, "/placement:", text_of(c.placement));
  if (c.has_wait()) name += text("/wait:", text_of(c.wait));
  if (e.futex) name += text("/futex:", text_of(*e.futex));
  if (e.pattern == pairs::Pattern::open_loop) name += text("/rate:", number_text(e.rate));
  if (!e.touched) name += "/touch:no";
  return name;
}

std::string pool_name(const Case& c) {
  std::string name = c.workload + "/" + c.executor;
  if (c.has_links()) name += text("/", c.channel, "/workers:", c.workers);
  name += text("/grain:", c.grain, "/batch:", c.batch == 0 ? "split" : std::to_string(c.batch),
               "/payload:", c.payload_bytes);
  if (c.has_links()) name += text("/window:", c.window);
  name += text("/placement:", text_of(c.placement));
  if (c.has_links()) name += text("/wait:", text_of(c.wait));
  return name;
}

Json exchange_fields(const Case& c) {
  const auto& e = c.exchange;
  const bool open_loop = e.pattern == pairs::Pattern::open_loop;
  return {{"family", text_of(c.family)},
          {"channel", c.channel},
          {"floor", e.floor},
          {"sides", text_of(e.sides)},
          {"pattern", text_of(e.pattern)},
          {"message_bytes", e.message_bytes},
          {"window", c.window},
          {"placement", text_of(c.placement)},
          {"wait", c.has_wait() ? Json(text_of(c.wait)) : Json(nullptr)},
          {"futex", e.futex ? Json(text_of(*e.futex)) : Json(nullptr)},
          {"touched", e.touched},
          {"rate", open_loop ? Json(e.rate) : Json(nullptr)}};
}

Case exchange_from(const Json& fields) {
  Case made;
  made.family = Family::channel;
  made.channel = fields.at("channel").get<std::string>();
  made.window = fields.at("window").get<std::size_t>();
  made.placement = placement_from(fields.at("placement").get<std::string>());
  auto& e = made.exchange;
  e.floor = fields.at("floor").get<bool>();
  e.sides = sides_from(fields.at("sides").get<std::string>());
  e.pattern = pattern_from(fields.at("pattern").get<std::string>());
  e.message_bytes = fields.at("message_bytes").get<std::size_t>();
  e.touched = fields.at("touched").get<bool>();
  if (!fields.at("futex").is_null()) e.futex = futex_from(fields.at("futex").get<std::string>());
  if (!fields.at("rate").is_null()) e.rate = fields.at("rate").get<double>();
  if (!fields.at("wait").is_null()) made.wait = wait_from(fields.at("wait").get<std::string>());
  return made;
}

}  // namespace

int bench_version_of(const Case& measured) {
  if (measured.is_exchange()) return pairs::kVersion;
  return workloads::WorkloadCatalog::instance().find(measured.workload)->version;
}

bool Case::has_wait() const {
  if (!is_exchange()) return has_links();  // pools wait outside their channels
  const auto* const used = exchange.floor ? nullptr : ipc::ChannelCatalog::instance().find(channel);
  return used != nullptr && used->has_wait;
}

bool Case::uses_processes() const {
  if (is_exchange()) return exchange.sides == ipc::Sides::processes;
  const auto* const runner = executors::ExecutorCatalog::instance().find(executor);
  return runner != nullptr && runner->uses_channel && runner->sides == ipc::Sides::processes;
}

std::string Case::name() const {
  std::string name = is_exchange() ? exchange_name(*this) : pool_name(*this);
  return label.empty() ? name : name + "/as:" + label;
}

std::uint64_t Case::batch_in(std::uint64_t tasks) const {
  if (batch != 0) return batch;
  const auto sharers = static_cast<std::uint64_t>(workers);
  return std::max<std::uint64_t>(1, (tasks + sharers - 1) / sharers);
}

namespace {

Json pool_fields(const Case& measured) {
  Json fields{{"family", text_of(measured.family)},
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

Case pool_from(const Json& fields) {
  Case made;
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

}  // namespace

Json to_json(const Case& measured) {
  Json fields = measured.is_exchange() ? exchange_fields(measured) : pool_fields(measured);
  if (!measured.label.empty()) fields["label"] = measured.label;
  return fields;
}

Case case_from(const Json& fields) {
  const bool exchange = family_from(fields.at("family").get<std::string>()) == Family::channel;
  Case made = exchange ? exchange_from(fields) : pool_from(fields);
  made.label = fields.value("label", "");
  return made;
}

}  // namespace mpmt::benchmarks
