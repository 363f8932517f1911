#include "benchmarks/cli/value_option.hpp"

#include <CLI/CLI.hpp>
#include <stdexcept>

namespace mpmt::benchmarks {

CLI::Option* add_value(CLI::App& command, const std::string& name, const std::string& help,
                       std::function<void(const std::string&)> take) {
  const auto checked = [name, take = std::move(take)](const CLI::results_t& results) {
    try {
      take(results.front());
    } catch (const std::invalid_argument& wrong) {
      throw CLI::ValidationError(name, wrong.what());
    }
    return true;
  };
  return command.add_option(name, checked, help);
}

}  // namespace mpmt::benchmarks
