// JSON as an answer to a person or a script.
#pragma once

#include <nlohmann/json_fwd.hpp>

namespace mpmt::benchmarks {

/// On standard output, shown as all text is (base/shown.hpp: shown_json) and with the same meaning. Bytes that are no
/// UTF-8 are replaced.
void print_json(const nlohmann::json& value);

}  // namespace mpmt::benchmarks
