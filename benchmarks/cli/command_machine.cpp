#include <nlohmann/json.hpp>

#include "base/output.hpp"
#include "base/text.hpp"
#include "benchmarks/cli/commands.hpp"
#include "benchmarks/cli/print_json.hpp"
#include "benchmarks/record/context.hpp"

namespace mpmt::benchmarks {
namespace {

void print(const std::string& title, const Facts& facts) {
  print_line(title);
  std::size_t widest = 0;
  for (const auto& [name, value] : facts) widest = std::max(widest, name.size());
  for (const auto& [name, value] : facts) {
    print_line(text("  ", name, std::string(widest - name.size() + 2, ' '), value.empty() ? "(unknown)" : value));
  }
}

}  // namespace

int show_machine(bool json) {
  const auto machine = describe_machine();
  if (json) {
    print_json(to_json(machine));
    return kOk;
  }
  print_line("machine key " + machine.key);
  print("computed from", machine.identity);
  print("a change of these starts a new epoch", machine.epoch);
  print("state", machine.state);
  return kOk;
}

}  // namespace mpmt::benchmarks
