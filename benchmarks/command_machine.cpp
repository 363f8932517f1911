#include <iostream>
#include <nlohmann/json.hpp>

#include "benchmarks/commands.hpp"
#include "benchmarks/context.hpp"

namespace mpmt::benchmarks {
namespace {

void print(const std::string& title, const Facts& facts) {
  std::cout << title << '\n';
  std::size_t widest = 0;
  for (const auto& [name, value] : facts) widest = std::max(widest, name.size());
  for (const auto& [name, value] : facts) {
    std::cout << "  " << name << std::string(widest - name.size() + 2, ' ') << (value.empty() ? "(unknown)" : value)
              << '\n';
  }
}

}  // namespace

int show_machine(bool json) {
  const auto machine = describe_machine();
  if (json) {
    std::cout << to_json(machine).dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
    return kOk;
  }
  std::cout << "machine key " << machine.key << '\n';
  print("computed from", machine.identity);
  print("a change of these starts a new epoch", machine.epoch);
  print("state", machine.state);
  return kOk;
}

}  // namespace mpmt::benchmarks
