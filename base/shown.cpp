#include "base/shown.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <utility>

namespace mpmt {
namespace {

struct Character {
  char32_t code = 0;
  std::size_t bytes = 0;  ///< 0: not UTF-8
};

/// The first character of `text`, which is not empty.
Character first_of(std::string_view text) {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  const auto lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t bytes = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < bytes) return {};
  char32_t code = lead & (0x7Fu >> bytes);
  for (std::size_t at = 1; at < bytes; ++at) {
    if ((byte(at) & 0xC0u) != 0x80) return {};
    code = code << 6 | (byte(at) & 0x3Fu);
  }
  constexpr std::array<char32_t, 5> kLeast{0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  if (code < kLeast[bytes] || code > 0x10FFFF || surrogate) return {};
  return {code, bytes};
}

bool is_control(char32_t code) {
  return code < 0x20 || (code >= 0x7F && code <= 0x9F) || code == 0x2028 || code == 0x2029;
}

bool turns_direction(char32_t code) {
  return code == 0x61C || code == 0x200E || code == 0x200F || (code >= 0x202A && code <= 0x202E) ||
         (code >= 0x2066 && code <= 0x2069);
}

/// They may not be in an XML document, or are for a program's inner use: Unicode Standard, section 23.7.
bool is_noncharacter(char32_t code) {
  return (code & 0xFFFE) == 0xFFFE || (code >= 0xFDD0 && code <= 0xFDEF);
}

/// Those that stay as they are. U+180E, U+200B and U+FEFF are no white space by today's Unicode; some trim them all the
/// same.
bool is_blank(char32_t code) {
  constexpr std::array<char32_t, 9> kSingle{' ', 0xA0, 0x1680, 0x180E, 0x202F, 0x205F, 0x3000, 0xFEFF, 0x200B};
  return (code >= 0x2000 && code <= 0x200A) || std::find(kSingle.begin(), kSingle.end(), code) != kSingle.end();
}

std::string escape_of(char32_t code) {
  constexpr std::array<std::pair<char32_t, const char*>, 3> kLetters{{{'\n', "\\n"}, {'\t', "\\t"}, {'\r', "\\r"}}};
  for (const auto& [known, escape] : kLetters) {
    if (known == code) return escape;
  }
  const char* const form = code < 0x100 ? "\\x%02x" : code < 0x10000 ? "\\u%04x" : "\\U%08x";
  std::array<char, 12> escape{};
  std::snprintf(escape.data(), escape.size(), form, static_cast<unsigned>(code));
  return escape.data();
}

std::string json_escape_of(char32_t code) {
  const bool pair = code >= 0x10000;
  const unsigned low = pair ? 0xDC00 + (code & 0x3FF) : static_cast<unsigned>(code);
  std::array<char, 16> escape{};
  if (pair) {
    const unsigned high = 0xD800 + static_cast<unsigned>((code - 0x10000) >> 10);
    std::snprintf(escape.data(), escape.size(), "\\u%04x\\u%04x", high, low);
  } else {
    std::snprintf(escape.data(), escape.size(), "\\u%04x", low);
  }
  return escape.data();
}

}  // namespace

std::string shown(std::string_view text) {
  std::string made;
  bool begins = true;  // nothing but blanks before
  for (std::size_t at = 0; at < text.size();) {
    const auto [code, bytes] = first_of(text.substr(at));
    const bool command = begins && text.substr(at, 2) == "::";
    const bool second_hash = code == '#' && at > 0 && text[at - 1] == '#';
    if (bytes == 0) {
      made += escape_of(static_cast<unsigned char>(text[at]));
    } else if (is_control(code) || turns_direction(code) || is_noncharacter(code) || command || second_hash) {
      made += escape_of(code);
    } else {
      made += text.substr(at, bytes);
    }
    begins = begins && bytes != 0 && is_blank(code);
    at += std::max<std::size_t>(1, bytes);
  }
  return made;
}

std::string shown_json(std::string_view json) {
  std::string made;
  for (std::size_t at = 0; at < json.size();) {
    const auto [code, bytes] = first_of(json.substr(at));
    const bool second_hash = code == '#' && at > 0 && json[at - 1] == '#';
    const bool line_end = code == '\n';  // in a string of JSON it is escaped already
    if (bytes == 0) {
      made += "\uFFFD";
    } else if ((is_control(code) && !line_end) || turns_direction(code) || is_noncharacter(code) || second_hash) {
      made += json_escape_of(code);
    } else {
      made += json.substr(at, bytes);
    }
    at += std::max<std::size_t>(1, bytes);
  }
  return made;
}

}  // namespace mpmt
