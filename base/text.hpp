// Building messages out of parts.
#pragma once

#include <sstream>
#include <string>

namespace mpmt {

/// The parts, written one after the other as an ostream writes them.
template <class... Parts>
std::string text(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return out.str();
}

}  // namespace mpmt
