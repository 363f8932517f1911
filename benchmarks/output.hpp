// Everything that a person, a terminal or a CI gets to read goes out here.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

namespace mpmt::benchmarks {

/// "mpmt: " and a line, on standard error. What the line quotes (names, paths, options, what other programs and files
/// say) is shown (base/shown.hpp): it may come as it is.
void tell(std::string_view line);

/// A line on standard output, shown as well. It begins with words of ours, never with what it quotes: a CI takes some
/// beginnings for commands.
void print_line(std::string_view line);

/// On standard output, with the same care (shown_json) and the same meaning. Bytes that are no UTF-8 are replaced.
void print_json(const nlohmann::json& value);

/// Whether standard error is a terminal that can rewrite a line: one that is not "dumb".
bool can_rewrite_lines();

}  // namespace mpmt::benchmarks
