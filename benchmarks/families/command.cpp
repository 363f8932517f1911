// A command of anybody's: one execution is one task.
#include "commands/runner.hpp"

#include "base/text.hpp"
#include "benchmarks/case/family.hpp"
#include "benchmarks/families/foreign_plan.hpp"

namespace mpmt::benchmarks {
namespace {

using Json = nlohmann::json;

std::string name_of(const Case& c) {
  return name_of_foreign("command", c);
}

Json fields_of(const Case& c) {
  const auto& foreign = c.foreign;
  Json fields{{"command", foreign.command}, {"parameters", parameters_json(c)},
              {"setup", foreign.setup},     {"prepare", foreign.prepare},
              {"cleanup", foreign.cleanup}, {"input", foreign.input},
              {"shell", foreign.shell},     {"ignore_failure", foreign.ignore_failure},
              {"channel", nullptr},         {"window", nullptr},
              {"placement", nullptr},       {"wait", nullptr}};
  if (!foreign.watch) fields["watch"] = false;
  return fields;
}

Case read_case(const Json& fields) {
  Case made;
  made.facts = foreign_facts();
  auto& foreign = made.foreign;
  foreign.command = fields.at("command").get<std::string>();
  read_parameters(fields, made);
  foreign.setup = fields.at("setup").get<std::string>();
  foreign.prepare = fields.at("prepare").get<std::string>();
  foreign.cleanup = fields.at("cleanup").get<std::string>();
  foreign.input = fields.at("input").get<std::string>();
  foreign.shell = fields.at("shell").get<std::string>();
  foreign.ignore_failure = fields.at("ignore_failure").get<bool>();
  foreign.watch = fields.value("watch", true);
  return made;
}

Subject build(const Case& c, const Site&, Deadline deadline) {
  const auto& foreign = c.foreign;
  commands::CommandConfig config;
  config.name = c.program;
  config.command = foreign.command;
  config.setup = foreign.setup;
  config.prepare = foreign.prepare;
  config.cleanup = foreign.cleanup;
  config.input = foreign.input;
  config.shell = foreign.shell;
  config.ignore_failure = foreign.ignore_failure;
  config.watch = foreign.watch;
  Subject subject;
  subject.expected_sum = [](std::uint64_t tasks) { return tasks; };
  const auto start = Clock::now();
  subject.executor = commands::start_command(config, deadline);
  subject.startup = since(start);
  return subject;
}

using Sides = const Case&;

const Registered<Family> registered{
    {.name = "command",
     .summary = "commands of anybody's, each execution a task (--command)",
     .views = {"verdict"},
     .axes = {},
     .name_of = name_of,
     .fields_of = fields_of,
     .case_from = read_case,
     .work_of = name_of,
     .plan = plan_combinations,
     .build = build,
     .operation = "execution",
     .unit = "/run",
     .cost = "ns_per_execution",
     .metrics = memory_metrics({"peak_memory_bytes", "memory", "bytes", "peak memory"},
                               {"pss_bytes", "memory", "bytes", "memory, shared pages divided"}),
     .has_workers = false,
     .starts_programs = true,
     .fresh_blocks = true,
     .facts_of = [](const Case&, std::uint64_t) { return Json::object(); },
     .row_fields = {{"command_parameters", [](Sides b, Sides) { return parameters_json(b); }}},
     .columns = {{"command", [](Sides b, Sides) { return name_of(b); }, true}}}};

}  // namespace
}  // namespace mpmt::benchmarks
