#include "benchmarks/output.hpp"

#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <nlohmann/json.hpp>

#include "base/shown.hpp"

namespace mpmt::benchmarks {

void tell(std::string_view line) {
  std::cerr << "mpmt: " << shown(line) << '\n';
}

void print_line(std::string_view line) {
  std::cout << shown(line) << '\n';
}

void print_json(const nlohmann::json& value) {
  std::cout << shown_json(value.dump(2, ' ', false, nlohmann::json::error_handler_t::replace)) << '\n';
}

bool can_rewrite_lines() {
  const char* const terminal = std::getenv("TERM");
  const bool able = terminal != nullptr && *terminal != '\0' && std::string_view(terminal) != "dumb";
  return able && ::isatty(STDERR_FILENO) == 1;
}

}  // namespace mpmt::benchmarks
