// A workload under an executor.
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "benchmarks/case/family.hpp"
#include "benchmarks/case/names.hpp"
#include "benchmarks/case/offer.hpp"
#include "benchmarks/families/parts.hpp"
#include "benchmarks/families/pool_plan.hpp"

namespace mpmt::benchmarks {
namespace {

using Json = nlohmann::json;

std::string batch_text(std::uint64_t batch) {
  return batch == 0 ? "split" : std::to_string(batch);
}

std::string name_of(const Case& c) {
  std::string name = c.workload + "/" + c.executor;
  if (c.has_links()) name += text("/", c.channel, "/workers:", c.workers);
  name += text("/grain:", c.grain);
  if (c.waiting_percent) name += text("/waiting:", *c.waiting_percent);
  name += text("/batch:", batch_text(c.batch), "/payload:", c.payload_bytes);
  if (c.has_links() && c.facts.has_window) name += text("/window:", c.window);
  name += text("/placement:", text_of(c.placement));
  if (c.has_links() && c.facts.has_wait) name += text("/wait:", text_of(c.wait));
  return name;
}

Json fields_of(const Case& c) {
  Json fields{{"workload", c.workload},
              {"executor", c.executor},
              {"channel", nullptr},
              {"workers", c.workers},
              {"grain", c.grain},
              {"batch", c.batch},
              {"batch_split", c.batch == 0},
              {"payload_bytes", c.payload_bytes},
              {"window", nullptr},
              {"placement", text_of(c.placement)},
              {"wait", nullptr}};
  if (c.has_links()) fields["channel"] = c.channel;
  if (c.has_links() && c.facts.has_window) fields["window"] = c.window;
  if (c.has_links() && c.facts.has_wait) fields["wait"] = text_of(c.wait);
  if (c.waiting_percent) fields["waiting"] = *c.waiting_percent / 100.;
  // Of other programs' executors nobody else knows.
  if (!c.program.empty()) fields.update({{"who", text_of(c.facts.who)}, {"baseline", c.facts.baseline}});
  return fields;
}

/// A share in JSON, a whole per cent here.
std::optional<int> waiting_in(const Json& fields) {
  const auto share = fields.value("waiting", Json());
  if (share.is_null()) return std::nullopt;
  try {
    return percent_of(share.get<double>(), 0, workloads::kMostWaitingPercent);
  } catch (const std::invalid_argument& wrong) {
    throw std::invalid_argument(text("waiting: ", wrong.what()));
  }
}

Case read_case(const Json& fields) {
  Case made;
  made.workload = fields.at("workload").get<std::string>();
  made.executor = fields.at("executor").get<std::string>();
  made.workers = fields.at("workers").get<int>();
  made.grain = fields.at("grain").get<std::uint64_t>();
  made.batch = fields.value("batch_split", false) ? 0 : fields.at("batch").get<std::uint64_t>();
  made.payload_bytes = fields.at("payload_bytes").get<std::size_t>();
  made.placement = placement_from(fields.at("placement").get<std::string>());
  if (!fields.at("channel").is_null()) made.channel = fields.at("channel").get<std::string>();
  made.waiting_percent = waiting_in(fields);
  made.facts = facts_in(own_offer(), made);
  if (fields.contains("who")) made.facts.who = who_from(fields.at("who").get<std::string>());
  made.facts.baseline = fields.value("baseline", made.facts.baseline);
  const auto& window = fields.at("window");
  const auto& wait = fields.at("wait");
  made.facts.has_window = made.facts.has_wait = true;
  if (!made.has_links()) return made;
  if ((made.facts.has_window = !window.is_null())) made.window = window.get<std::size_t>();
  if ((made.facts.has_wait = !wait.is_null())) made.wait = wait_from(wait.get<std::string>());
  return made;
}

const workloads::Description& workload_of(const Case& c) {
  return part_named<workloads::Description>(c.workload);
}

const executors::Description& executor_of(const Case& c) {
  return part_named<executors::Description>(c.executor);
}

std::string work_of(const Case& c) {
  const auto work = text(c.workload, "/", c.grain, "/", c.payload_bytes);
  return c.waiting_percent ? text(work, "/", *c.waiting_percent) : work;
}

/// What a task is made of. Throws std::invalid_argument where the case has a share of waiting for a workload that takes
/// none, or none for one that does.
workloads::Parameters parameters_of(const Case& c, const Site& site) {
  workloads::Parameters parameters{c.grain, c.payload_bytes, site.data_dir};
  if (c.waiting_percent.has_value() != workload_of(c).takes_waiting) {
    throw std::invalid_argument(
        text("--waiting: '", c.workload, "' ", c.waiting_percent ? "takes none" : "needs a share from 0 % to 99 %"));
  }
  if (c.waiting_percent) parameters.waiting_percent = *c.waiting_percent;
  return parameters;
}

Subject build(const Case& c, const Site& site, Deadline deadline) {
  const std::shared_ptr<workloads::Fixture> fixture = workload_of(c).prepare(parameters_of(c, site));
  executors::Config config;
  if (c.has_links()) config.channel = &part_named<ipc::Description>(c.channel);
  config.workers = c.workers;
  config.batch = c.batch_in(site.tasks);
  config.window = c.window;
  config.payload_bytes = c.payload_bytes;
  config.placement = c.placement;
  config.wait = c.wait;
  config.cpus = site.cpus;
  Subject subject;
  subject.expected_sum = [fixture](std::uint64_t tasks) { return fixture->expected_sum({0, tasks}); };
  subject.surroundings = fixture->surroundings();
  const auto start = Clock::now();
  subject.executor = executor_of(c).start(*fixture, config, deadline);
  subject.startup = since(start);
  return subject;
}

Json facts_of(const Case& c, std::uint64_t tasks) {
  const bool processes = who_runs(c) == Who::processes;
  return {{"batch", c.batch_in(tasks)},
          {"workload_kind", c.facts.kind ? Json(text_of(*c.facts.kind)) : Json(nullptr)},
          {"submitter_helps", c.facts.submitter_helps},
          {"processes", processes ? c.workers : 1},
          {"threads_per_process", processes ? 1 : c.workers}};
}

std::string text_or_dash(const std::string& cell) {
  return cell.empty() ? "-" : cell;
}

template <class Value>
Json shared(const Value& a, const Value& b) {
  return a == b ? Json(a) : Json(nullptr);
}

using Sides = const Case&;

const Registered<Family> registered{
    {.name = "pool",
     .summary = "workloads under executors",
     .views = {"verdict", "scaling", "where", "latency", "startup"},
     .axes = pool_axes(),
     .name_of = name_of,
     .fields_of = fields_of,
     .case_from = read_case,
     .work_of = work_of,
     .plan = plan_pools,
     .build = build,
     .operation = "task",
     .unit = "/task",
     .cost = "ns_per_task",
     .metrics = {{{"tasks_per_second", "", "count", "tasks per second"},
                  [](const Case&, const Totals& totals) { return Json(1e9 / totals.cost_ns); }}},
     .has_workers = true,
     .facts_of = facts_of,
     .row_fields = {{"workload", [](Sides p, Sides t) { return shared(p.workload, t.workload); }},
                    {"workers", [](Sides p, Sides t) { return shared(p.workers, t.workers); }},
                    {"grain", [](Sides p, Sides t) { return shared(p.grain, t.grain); }},
                    {"batch", [](Sides p, Sides t) { return shared(p.batch, t.batch); }},
                    {"batch_split", [](Sides p, Sides t) { return p.batch == t.batch ? Json(p.batch == 0) : Json(); }},
                    {"payload_bytes", [](Sides p, Sides t) { return shared(p.payload_bytes, t.payload_bytes); }}},
     .columns = {{"workload", [](Sides p, Sides) { return p.workload; }, true},
                 {"workers", [](Sides p, Sides t) { return both(text(p.workers), text(t.workers)); }, true},
                 {"executor", [](Sides p, Sides t) { return both(p.executor, t.executor); }},
                 {"grain", [](Sides p, Sides) { return text(p.grain); }},
                 {"payload", [](Sides p, Sides) { return text(p.payload_bytes); }},
                 {"waiting", [](Sides p, Sides) { return text_or_dash(waiting_text(p)); }},
                 {"batch", [](Sides p, Sides t) { return both(batch_text(p.batch), batch_text(t.batch)); }},
                 {"channel", [](Sides p, Sides t) { return both(p.channel, t.channel); }}}}};

}  // namespace
}  // namespace mpmt::benchmarks
