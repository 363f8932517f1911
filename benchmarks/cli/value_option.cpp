#include "benchmarks/cli/value_option.hpp"

#include <CLI/CLI.hpp>
#include <sstream>
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

std::vector<std::string> split(const std::string& list) {
  std::vector<std::string> items;
  std::string item;
  std::istringstream in(list);
  while (std::getline(in, item, ',')) items.push_back(item);
  if (list.empty() || list.back() == ',') items.emplace_back();
  return items;
}

}  // namespace mpmt::benchmarks
