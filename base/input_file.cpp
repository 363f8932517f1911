#include "base/input_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <stdexcept>
#include <system_error>

#include "base/checked.hpp"
#include "base/fd.hpp"
#include "base/file_kind.hpp"
#include "base/shown.hpp"
#include "base/text.hpp"

namespace mpmt {
namespace {

Fd open_regular(const std::filesystem::path& path, int flags) {
  const auto object = shown(path.string());
  Fd file(::open(path.c_str(), flags | O_CLOEXEC));
  if (!file) throw std::runtime_error(text(object, ": cannot be read: ", std::generic_category().message(errno)));
  struct stat status {};
  checked([&] { return ::fstat(file.get(), &status); }, "fstat", object);
  if (S_ISREG(status.st_mode)) return file;
  throw std::runtime_error(text(object, ": is ", kind_of(status.st_mode), ", not a regular file"));
}

}  // namespace

std::string contents_of_file(const std::filesystem::path& path) {
  open_regular(path, O_PATH);
  const Fd file = open_regular(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);  // it may be another by now
  std::string contents;
  std::array<char, 65'536> bytes;
  for (;;) {
    const auto count =
        checked([&] { return ::read(file.get(), bytes.data(), bytes.size()); }, "read", shown(path.string()));
    if (count == 0) return contents;
    contents.append(bytes.data(), static_cast<std::size_t>(count));
  }
}

}  // namespace mpmt
