// System calls that either succeed or throw an error that names the call and its object.
#pragma once

#include <cerrno>
#include <string_view>

namespace mpmt {

/// Throws std::system_error for `errno_value`: "<call>(<object>): <reason>".
[[noreturn]] void throw_system_error(int errno_value, std::string_view call, std::string_view object);

/// Runs `call` again while it is interrupted (-1 with EINTR); returns its result, or throws as above when it is -1.
///
///     Fd file{checked([&] { return ::open(path, O_RDONLY); }, "open", path)};
template <class Call>
auto checked(Call&& call, std::string_view name, std::string_view object = {}) {
  for (;;) {
    const auto result = call();
    if (result != -1) return result;
    if (errno != EINTR) throw_system_error(errno, name, object);
  }
}

}  // namespace mpmt
