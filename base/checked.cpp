#include "base/checked.hpp"

#include <string>
#include <system_error>

namespace mpmt {

void throw_system_error(int errno_value, std::string_view call, std::string_view object) {
  std::string what(call);
  if (!object.empty()) what.append("(").append(object).append(")");
  throw std::system_error(errno_value, std::generic_category(), what);
}

}  // namespace mpmt
