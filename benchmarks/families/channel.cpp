// Two sides that talk over a bare channel, or over a floor.
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "benchmarks/case/family.hpp"
#include "benchmarks/case/names.hpp"
#include "benchmarks/families/channel_plan.hpp"
#include "benchmarks/families/parts.hpp"

namespace mpmt::benchmarks {
namespace {

using Json = nlohmann::json;

/// All digits that matter: two rates are two cases.
std::string number_text(double value) {
  std::array<char, 32> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value, std::chars_format::fixed).ptr;
  return {digits.data(), end};
}

std::string name_of(const Case& c) {
  const auto& pair = c.pair;
  std::string name = text(c.channel, "/", text_of(pair.sides), "/", text_of(pair.pattern),
                          "/bytes:", pair.message_bytes, "/window:", c.window, "/placement:", text_of(c.placement));
  if (c.facts.has_wait) name += text("/wait:", text_of(c.wait));
  if (pair.futex) name += text("/futex:", text_of(*pair.futex));
  if (c.is_paced()) name += text("/rate:", number_text(pair.rate));
  if (!pair.touched) name += "/touch:no";
  return name;
}

Json fields_of(const Case& c) {
  const auto& pair = c.pair;
  return {{"channel", c.channel},
          {"floor", pair.floor},
          {"sides", text_of(pair.sides)},
          {"pattern", text_of(pair.pattern)},
          {"message_bytes", pair.message_bytes},
          {"window", c.window},
          {"placement", text_of(c.placement)},
          {"wait", c.facts.has_wait ? Json(text_of(c.wait)) : Json(nullptr)},
          {"futex", pair.futex ? Json(text_of(*pair.futex)) : Json(nullptr)},
          {"touched", pair.touched},
          {"rate", c.is_paced() ? Json(pair.rate) : Json(nullptr)}};
}

Case read_case(const Json& fields) {
  Case made;
  made.channel = fields.at("channel").get<std::string>();
  made.window = fields.at("window").get<std::size_t>();
  made.placement = placement_from(fields.at("placement").get<std::string>());
  auto& pair = made.pair;
  pair.floor = fields.at("floor").get<bool>();
  pair.sides = sides_from(fields.at("sides").get<std::string>());
  pair.pattern = pattern_from(fields.at("pattern").get<std::string>());
  pair.message_bytes = fields.at("message_bytes").get<std::size_t>();
  pair.touched = fields.at("touched").get<bool>();
  if (!fields.at("futex").is_null()) pair.futex = futex_from(fields.at("futex").get<std::string>());
  if (!fields.at("rate").is_null()) pair.rate = fields.at("rate").get<double>();
  made.facts = facts_of_pair(made);
  made.facts.has_wait = !fields.at("wait").is_null();
  if (made.facts.has_wait) made.wait = wait_from(fields.at("wait").get<std::string>());
  return made;
}

/// One CPU and two are different deployments of a channel.
std::string work_of(const Case& c) {
  return text(text_of(c.pair.pattern), "/", c.pair.message_bytes, "/", c.pair.touched, "/", number_text(c.pair.rate),
              "/", text_of(c.placement));
}

pairs::Connect connect_of(const Case& c) {
  if (c.pair.floor) return part_named<ipc::Floor>(c.channel).connect;
  return part_named<ipc::Description>(c.channel).connect;
}

/// A floor looks for its message all the time; on a CPU that both sides share it has to let the other one run.
Wait wait_of(const Case& c, const Site& site) {
  if (!c.pair.floor) return c.wait;
  const bool apart = c.placement != executors::Placement::same && site.cpus.size() > 1;
  return apart ? Wait::spin : Wait::yield;
}

Subject build(const Case& c, const Site& site, Deadline deadline) {
  const pairs::Config config{.sides = c.pair.sides,
                             .pattern = c.pair.pattern,
                             .message_bytes = c.pair.message_bytes,
                             .window = c.window,
                             .touched = c.pair.touched,
                             .rate = c.pair.rate,
                             .placement = c.placement,
                             .wait = wait_of(c, site),
                             .futex = c.pair.futex,
                             .cpus = site.cpus};
  Subject subject;
  subject.expected_sum = [config](std::uint64_t operations) { return pairs::expected_sum(config, operations); };
  const auto start = Clock::now();
  subject.executor = pairs::start_pair(connect_of(c), config, deadline);
  subject.startup = since(start);
  return subject;
}

Json messages_per_second(const Case&, const Totals& totals) {
  return totals.messages / totals.wall_ns * 1e9;
}

Json bytes_per_second(const Case& c, const Totals& totals) {
  return totals.messages / totals.wall_ns * 1e9 * static_cast<double>(c.pair.message_bytes);
}

Json generator_late_share(const Case& c, const Totals& totals) {
  return c.is_paced() ? Json(totals.late_share()) : Json(nullptr);
}

Json facts_of(const Case& c, std::uint64_t) {
  const auto& copies = c.facts.copies_per_message;
  return {{"copies_per_message", copies ? Json(*copies) : Json(nullptr)}};
}

std::string futex_text(const Case& c) {
  return c.pair.futex ? std::string(text_of(*c.pair.futex)) : "-";
}

using Sides = const Case&;

const Registered<Family> registered{
    {.name = "channel",
     .summary = "bare channels between two sides, and the floors beside them",
     .views = {"channels"},
     .axes = channel_axes(),
     .name_of = name_of,
     .fields_of = fields_of,
     .case_from = read_case,
     .work_of = work_of,
     .plan = plan_channels,
     .build = build,
     .operation = "operation",
     .unit = "/op",
     .cost = "ns_per_operation",
     .metrics = {{{"messages_per_second", "channels", "count", "messages per second"}, messages_per_second},
                 {{"bytes_per_second", "channels", "bytes/s", "bandwidth"}, bytes_per_second},
                 {{"generator_late_share", "belief", "share", "lateness of the load generator"}, generator_late_share}},
     .has_workers = false,
     .facts_of = facts_of,
     .row_fields = {{"pattern", [](Sides p, Sides) { return Json(text_of(p.pair.pattern)); }},
                    {"message_bytes", [](Sides p, Sides) { return Json(p.pair.message_bytes); }},
                    {"touched", [](Sides p, Sides) { return Json(p.pair.touched); }},
                    {"rate", [](Sides p, Sides) { return p.is_paced() ? Json(p.pair.rate) : Json(); }},
                    {"futex",
                     [](Sides p, Sides t) {
                       return p.pair.futex && p.pair.futex == t.pair.futex ? Json(text_of(*p.pair.futex)) : Json();
                     }}},
     .columns = {{"pattern", [](Sides p, Sides) { return std::string(text_of(p.pair.pattern)); }, true},
                 {"channel", [](Sides p, Sides t) { return both(p.channel, t.channel); }, true},
                 {"bytes", [](Sides p, Sides) { return text(p.pair.message_bytes); }, true},
                 {"touched", [](Sides p, Sides) { return std::string(p.pair.touched ? "yes" : "no"); }},
                 {"rate", [](Sides p, Sides) { return p.is_paced() ? number_text(p.pair.rate) : "-"; }},
                 {"futex", [](Sides p, Sides t) { return both(futex_text(p), futex_text(t)); }}}}};

}  // namespace
}  // namespace mpmt::benchmarks
