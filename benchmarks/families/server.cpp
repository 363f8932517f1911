// A server of anybody's under a load generator: one run of the generator is one task.
#include "base/text.hpp"
#include "benchmarks/case/family.hpp"
#include "benchmarks/families/foreign_plan.hpp"
#include "commands/runner.hpp"

namespace mpmt::benchmarks {
namespace {

using Json = nlohmann::json;

std::string name_of(const Case& c) {
  return name_of_foreign("server", c);
}

Json fields_of(const Case& c) {
  const auto& foreign = c.foreign;
  return {{"serve", foreign.serve},
          {"ready", foreign.ready},
          {"load_command", foreign.command},
          {"shell", foreign.shell},
          {"parameters", parameters_json(c)},
          {"channel", nullptr},
          {"window", nullptr},
          {"placement", nullptr},
          {"wait", nullptr}};
}

Case read_case(const Json& fields) {
  Case made;
  made.facts = foreign_facts();
  made.foreign.serve = fields.at("serve").get<std::string>();
  made.foreign.ready = fields.at("ready").get<std::string>();
  made.foreign.command = fields.at("load_command").get<std::string>();
  made.foreign.shell = fields.at("shell").get<std::string>();
  read_parameters(fields, made);
  return made;
}

Subject build(const Case& c, const Site&, Deadline deadline) {
  commands::ServerConfig config;
  config.name = c.program;
  config.serve = c.foreign.serve;
  config.ready = c.foreign.ready;
  config.load = c.foreign.command;
  config.shell = c.foreign.shell;
  Subject subject;
  subject.expected_sum = [](std::uint64_t tasks) { return tasks; };
  const auto start = Clock::now();
  subject.executor = commands::start_server(config, deadline);
  subject.startup = since(start);
  return subject;
}

using Sides = const Case&;

const Registered<Family> registered{
    {.name = "server",
     .summary = "servers of anybody's, each run of a load generator a task (--serve)",
     .views = {"verdict"},
     .axes = {},
     .name_of = name_of,
     .fields_of = fields_of,
     .case_from = read_case,
     .work_of = name_of,
     .plan = plan_combinations,
     .build = build,
     .operation = "load",
     .unit = "/load",
     .cost = "ns_per_load",
     .metrics = memory_metrics({"server_peak_memory_bytes", "memory", "bytes", "peak memory of the server"},
                               {"server_pss_bytes", "memory", "bytes", "memory of the server, shared pages divided"}),
     .has_workers = false,
     .starts_programs = true,
     .facts_of = [](const Case&, std::uint64_t) { return Json::object(); },
     .row_fields = {{"server_parameters", [](Sides b, Sides) { return parameters_json(b); }}},
     .columns = {{"server", [](Sides b, Sides) { return name_of(b); }, true}}}};

}  // namespace
}  // namespace mpmt::benchmarks
