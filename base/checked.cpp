#include "base/checked.hpp"

#include <sys/resource.h>

#include <string>
#include <system_error>

namespace mpmt {

void throw_system_error(int errno_value, std::string_view call, std::string_view object) {
  std::string what(call);
  if (!object.empty()) what.append("(").append(object).append(")");
  rlimit descriptors{};
  if (errno_value == EMFILE && ::getrlimit(RLIMIT_NOFILE, &descriptors) == 0) {
    what.append("; RLIMIT_NOFILE is ").append(std::to_string(descriptors.rlim_cur));
  }
  throw std::system_error(errno_value, std::generic_category(), what);
}

}  // namespace mpmt
