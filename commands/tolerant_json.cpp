#include "commands/tolerant_json.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/shown.hpp"

namespace mpmt::commands {
namespace {

constexpr unsigned kFirstOfTwo = 0xC0;
constexpr unsigned kFollowing = 0x80;

bool is_of_bare_word(char character) {
  return std::isalnum(static_cast<unsigned char>(character)) != 0 || character == '+' || character == '-' ||
         character == '.';
}

std::string in_utf8(std::string_view bytes) {
  std::string made;
  for (const char character : bytes) {
    const auto byte = static_cast<unsigned char>(character);
    if (byte < kFollowing) {
      made += character;
    } else {
      made += static_cast<char>(kFirstOfTwo | (byte >> 6));
      made += static_cast<char>(kFollowing | (byte & 0x3Fu));
    }
  }
  return made;
}

/// Adds the string that begins with a quote at `at`; where it ends.
std::size_t add_string(std::string_view source, std::size_t at, std::string& made) {
  made += source[at++];
  for (; at < source.size() && source[at] != '"'; ++at) {
    if (static_cast<unsigned char>(source[at]) < 0x20) {
      std::array<char, 8> escape{};
      std::snprintf(escape.data(), escape.size(), "\\u%04x", static_cast<unsigned>(source[at]));
      made += escape.data();
      continue;
    }
    made += source[at];
    if (source[at] == '\\' && at + 1 < source.size()) made += source[++at];
  }
  if (at < source.size()) made += source[at++];
  return at;
}

}  // namespace

std::string ToleratedJson::as_written(const std::string& string) const {
  if (!bytewise) return string;
  std::string made;
  for (std::size_t at = 0; at < string.size(); ++at) {
    const auto byte = static_cast<unsigned char>(string[at]);
    const bool two = byte >= kFirstOfTwo && at + 1 < string.size();
    made +=
        two ? static_cast<char>((byte & 0x3u) << 6 | (static_cast<unsigned char>(string[++at]) & 0x3Fu)) : string[at];
  }
  return made;
}

ToleratedJson tolerated_json(std::string_view written) {
  ToleratedJson tolerated;
  tolerated.bytewise = !is_utf8(written);
  const std::string source = tolerated.bytewise ? in_utf8(written) : std::string(written);
  for (std::size_t at = 0; at < source.size();) {
    if (source[at] == '"') {
      at = add_string(source, at, tolerated.text);
    } else if (is_of_bare_word(source[at])) {
      const auto end =
          std::find_if_not(source.begin() + static_cast<std::ptrdiff_t>(at), source.end(), is_of_bare_word);
      const std::string word(source.begin() + static_cast<std::ptrdiff_t>(at), end);
      tolerated.text += nlohmann::json::accept(word) ? word : "null";
      at += word.size();
    } else {
      tolerated.text += source[at++];
    }
  }
  return tolerated;
}

}  // namespace mpmt::commands
