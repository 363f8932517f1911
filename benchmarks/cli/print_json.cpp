#include "benchmarks/cli/print_json.hpp"

#include <iostream>
#include <nlohmann/json.hpp>

#include "base/shown.hpp"

namespace mpmt::benchmarks {

void print_json(const nlohmann::json& value) {
  std::cout << shown_json(value.dump(2, ' ', false, nlohmann::json::error_handler_t::replace)) << '\n';
}

}  // namespace mpmt::benchmarks
