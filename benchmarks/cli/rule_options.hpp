// What every command that judges is told of the rule.
#pragma once

namespace CLI {
class App;
}

namespace mpmt::benchmarks {

/// --margin and --confidence, as shares; both outlive the command.
void add_rule_options(CLI::App& command, double& margin, double& confidence);

}  // namespace mpmt::benchmarks
