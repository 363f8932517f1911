#include "benchmarks/cli/rule_options.hpp"

#include <CLI/CLI.hpp>

#include "benchmarks/case/spelling.hpp"
#include "benchmarks/cli/value_option.hpp"

namespace mpmt::benchmarks {

void add_rule_options(CLI::App& command, double& margin, double& confidence) {
  add_value(command, "--margin", "differences below it are as good as none",
            [&margin](const std::string& item) { margin = share_from(item, 0.001, 1); })
      ->type_name("SHARE")
      ->default_str("3%");
  add_value(command, "--confidence", "of what is said of each row",
            [&confidence](const std::string& item) { confidence = share_from(item, 0.5, 0.9999); })
      ->type_name("SHARE")
      ->default_str("95%");
}

}  // namespace mpmt::benchmarks
