// JSON as programs write it that do not quite write JSON.
#pragma once

#include <string>
#include <string_view>

namespace mpmt::commands {

/// JSON in UTF-8, with the same values as far as JSON has them.
struct ToleratedJson {
  std::string text;
  bool bytewise = false;  ///< what was written is no UTF-8: each byte has become the character of its number

  /// A string of it, as it was written.
  std::string as_written(const std::string& string) const;
};

/// Repairs, without a look at how values are put together, what a stream of C++ writes into JSON: words and numbers
/// that JSON does not have (NaN, -inf, 1e999) become null, control characters in strings are escaped.
ToleratedJson tolerated_json(std::string_view written);

}  // namespace mpmt::commands
