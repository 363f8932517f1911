#include <algorithm>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <tuple>

#include "base/cpus.hpp"
#include "base/duration_text.hpp"
#include "base/output.hpp"
#include "base/shown.hpp"
#include "base/text.hpp"
#include "benchmarks/case/family.hpp"
#include "benchmarks/case/names.hpp"
#include "benchmarks/cli/commands.hpp"
#include "benchmarks/cli/print_json.hpp"
#include "benchmarks/judge/statistics.hpp"
#include "benchmarks/plan/plan.hpp"
#include "benchmarks/record/context.hpp"
#include "benchmarks/record/stored.hpp"

namespace mpmt::benchmarks {

using Json = nlohmann::json;

namespace {

Json described(const workloads::Description& part) {
  return {{"name", part.name},
          {"summary", part.summary},
          {"grain_unit", part.grain_unit},
          {"kind", text_of(part.kind)},
          {"question", part.question},
          {"typical", part.typical},
          {"version", part.version},
          {"grain_scales", part.grain_scales},
          {"reads_payload", part.reads_payload},
          {"minimum_payload_bytes", part.minimum_payload},
          {"takes_waiting", part.takes_waiting}};
}

Json described(const ipc::Description& part) {
  return {{"name", part.name},
          {"summary", part.summary},
          {"between_threads", part.between_threads},
          {"between_processes", part.between_processes},
          {"by_reference", part.by_reference},
          {"copies_per_message", part.copies_per_message},
          {"max_payload_bytes", part.max_payload_bytes},
          {"default_capacity", part.default_capacity},
          {"has_wait", part.has_wait},
          {"has_futex", part.has_futex},
          {"survives_a_killed_peer", part.survives_a_killed_peer},
          {"delivers_after_a_kill", part.delivers_after_a_kill},
          {"when_a_side_is_killed", part.when_a_side_is_killed}};
}

Json described(const ipc::Floor& part) {
  return {{"name", part.name},
          {"summary", part.summary},
          {"max_payload_bytes", part.max_payload_bytes},
          {"has_futex", part.has_futex}};
}

Json described(const executors::Description& part) {
  Json channels = Json::array();
  for (const auto& channel : ipc::ChannelCatalog::instance().all()) {
    const bool usable = part.sides == ipc::Sides::threads ? channel.between_threads : channel.between_processes;
    if (part.uses_channel && usable) channels.push_back(channel.name);
  }
  return {{"name", part.name},
          {"summary", part.summary},
          {"submitter_helps", part.submitter_helps},
          {"channels", channels}};
}

std::string more_about(const Json& part) {
  if (part.contains("grain_unit")) {
    const auto payload = part["minimum_payload_bytes"].get<std::size_t>();
    return text(part["kind"].get<std::string>(), "; question: ", part["question"].get<std::string>(),
                part["typical"].get<bool>() ? " (typical)" : "", "; a unit of grain is ",
                part["grain_unit"].get<std::string>(),
                part["reads_payload"].get<bool>() ? "; reads its payload" : "; a payload only travels",
                payload > 0 ? text("; needs a payload of ", payload, " byte or more") : "",
                part["takes_waiting"].get<bool>() ? "; takes --waiting" : "");
  }
  if (part.contains("between_threads")) {
    const bool threads = part["between_threads"];
    const bool processes = part["between_processes"];
    const int copies = part["copies_per_message"];
    return text("between ",
                threads && processes ? "threads or processes"
                : threads            ? "threads only"
                                     : "processes only",
                "; payload up to ", part["max_payload_bytes"].get<std::size_t>(), " bytes, ",
                copies == 0   ? "not copied"
                : copies == 1 ? "copied once"
                              : "copied twice",
                "; holds ", part["default_capacity"].get<std::size_t>(), " messages; when a side is killed",
                part["survives_a_killed_peer"].get<bool>() ? ": " : " (not survived): ",
                part["when_a_side_is_killed"].get<std::string>());
  }
  if (!part.contains("channels")) return text("payload up to ", part["max_payload_bytes"].get<std::size_t>(), " bytes");
  std::string channels;
  for (const auto& channel : part["channels"]) channels += (channels.empty() ? "" : ", ") + channel.get<std::string>();
  return channels.empty() ? "no channel" : "channels: " + channels;
}

template <class Description>
Json catalogue() {
  Json list = Json::array();
  for (const auto& part : Catalog<Description>::instance().all()) list.push_back(described(part));
  return list;
}

/// What the latest record of this machine says of its rounds; nothing without one, or with one that cannot be read.
std::vector<Observation> latest_observations(std::string& record) {
  const auto latest = latest_record(describe_machine().key);
  if (!latest) return {};
  record = latest->string();
  try {
    return read_record(record).observations;
  } catch (const UsageError& wrong) {
    tell(text("warning: no costs of tasks: ", wrong.what()));
    return {};
  }
}

/// Adds to each workload what its serial tasks cost on this machine.
Json with_costs(Json workloads) {
  std::string record;
  using Work = std::tuple<std::string, std::uint64_t, std::size_t, std::optional<int>>;  // grain, payload, waiting
  std::map<Work, std::vector<double>> found;
  for (const auto& observation : latest_observations(record)) {
    const Case& c = observation.measured;
    if (observation.ok() && c.is_serial()) {
      found[{c.workload, c.grain, c.payload_bytes, c.waiting_percent}].push_back(observation.cost_ns);
    }
  }
  for (auto& workload : workloads) {
    workload["costs"] = Json::array();
    for (const auto& [work, costs] : found) {
      const auto& [name, grain, payload, waiting] = work;
      if (name != workload["name"]) continue;
      auto& cost = workload["costs"].emplace_back(
          Json{{"grain", grain}, {"payload_bytes", payload}, {"ns_per_task", median(costs)}, {"record", record}});
      if (waiting) cost["waiting"] = *waiting / 100.;
    }
  }
  return workloads;
}

/// "a task took 33 ns at grain 1; 1.02 ms at grain 20000, payload 64 (RECORD)"; empty without a cost.
std::string costs_of(const Json& part) {
  std::string words;
  const auto costs = part.value("costs", Json::array());
  for (const auto& cost : costs) {
    words += text(words.empty() ? "a task took " : "; ", duration_text(cost["ns_per_task"]), " at grain ",
                  cost["grain"].dump());
    if (cost["payload_bytes"] != 0) words += text(", payload ", cost["payload_bytes"].dump());
    if (cost.contains("waiting")) words += text(", waiting ", cost["waiting"].dump());
  }
  return words.empty() ? words : text(words, " (", shown(costs.front()["record"].get<std::string>()), ")");
}

Json cases_of(const std::string& profile, const std::string& family) {
  if (family_named(family).starts_programs) {
    throw UsageError(
        text("--family: ", family, " has the cases of programs that mpmt run is given (--dry-run prints them)"));
  }
  RunOptions options;
  options.profile = profile;
  options.family = family;
  const auto no_calibration = [](const Case&, const TimeWish&) { return std::uint64_t{1}; };
  const auto plan = make_plan(options, {own_program()}, usable_cpus().count(), 0, no_calibration);
  Json list = Json::array();
  for (const auto& planned : plan.cases) list.push_back({{"name", planned.measured.name()}, {"group", planned.group}});
  return list;
}

void print(const std::string& title, const Json& parts) {
  print_line(title);
  std::size_t widest = 0;
  for (const auto& part : parts) widest = std::max(widest, part["name"].get_ref<const std::string&>().size());
  for (const auto& part : parts) {
    const auto name = part["name"].get<std::string>();
    if (!part.contains("summary")) {
      print_line("  " + name);
      continue;
    }
    print_line(text("  ", name, std::string(widest - name.size() + 2, ' '), part["summary"].get<std::string>()));
    const std::string margin(widest + 4, ' ');
    print_line(margin + more_about(part));
    if (const auto costs = costs_of(part); !costs.empty()) print_line(margin + costs);
  }
}

}  // namespace

int list(const std::string& what, const std::string& profile, const std::string& family, bool json) {
  const std::vector<std::pair<std::string, std::function<Json()>>> sections{
      {"workloads", [] { return with_costs(catalogue<workloads::Description>()); }},
      {"channels", catalogue<ipc::Description>},
      {"floors", catalogue<ipc::Floor>},
      {"executors", catalogue<executors::Description>},
      {"cases", [&] { return cases_of(profile, family); }}};
  Json all = Json::object();
  for (const auto& [name, make] : sections) {
    if (what == name || (what.empty() && name != "cases")) all[name] = make();
  }
  if (json) {
    print_json(all);
    return kOk;
  }
  for (const auto& [name, make] : sections) {
    if (all.contains(name)) print(name, all[name]);
  }
  return kOk;
}

}  // namespace mpmt::benchmarks
