#include "base/output_file.hpp"

#include <fcntl.h>
#include <linux/limits.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <stdexcept>
#include <system_error>

#include "base/checked.hpp"
#include "base/file_kind.hpp"
#include "base/random_bytes.hpp"
#include "base/shown.hpp"
#include "base/text.hpp"

namespace mpmt {
namespace {

namespace fs = std::filesystem;

constexpr int kMostLinks = 40;  ///< as the kernel has it: path_resolution(7)

[[noreturn]] void refuse(const fs::path& place, const std::string& why) {
  throw std::runtime_error(text(shown(place.string()), " ", why));
}

std::string reason(int errno_value) {
  return std::generic_category().message(errno_value);
}

Fd open_folder(const fs::path& folder) {
  Fd opened(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (opened) return opened;
  if (errno == ENOENT || errno == ENOTDIR) refuse(folder, "is not a folder");
  refuse(folder, "cannot be reached: " + reason(errno));
}

/// What a link leads to, one step on.
fs::path next_of(const OutputPlace& link, const struct stat& status) {
  struct stat folder {};
  checked([&] { return ::fstat(link.folder.get(), &folder); }, "fstat", shown(link.path.string()));
  if ((folder.st_mode & S_ISVTX) != 0 && status.st_uid != ::geteuid()) {
    refuse(link.path, text("is a symbolic link that uid ", status.st_uid, " made in a folder for everybody"));
  }
  struct statfs system {};
  checked([&] { return ::fstatfs(link.folder.get(), &system); }, "fstatfs", shown(link.path.string()));
  if (system.f_type == PROC_SUPER_MAGIC) refuse(link.path, "is what a process has open, not a regular file");
  std::array<char, PATH_MAX> to{};
  const auto size = checked([&] { return ::readlinkat(link.folder.get(), link.name.c_str(), to.data(), to.size()); },
                            "readlink", shown(link.path.string()));
  return link.path.parent_path() / fs::path(std::string(to.data(), static_cast<std::size_t>(size)));
}

/// What is there under the place's name; mode 0 when nothing is.
struct stat found_at(const OutputPlace& place) {
  struct stat status {};
  const Fd found(::openat(place.folder.get(), place.name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (!found && errno != ENOENT) refuse(place.path, "cannot be reached: " + reason(errno));
  if (found) checked([&] { return ::fstat(found.get(), &status); }, "fstat", shown(place.path.string()));
  return status;
}

void expect_file_or_nothing(const OutputPlace& place, const struct stat& status) {
  if (status.st_mode != 0 && !S_ISREG(status.st_mode)) {
    refuse(place.path, text("is ", kind_of(status.st_mode), ", not a regular file"));
  }
}

/// In a folder for everybody, users rename nothing over each other's files.
void expect_replaceable(const OutputPlace& place, const struct stat& status) {
  struct stat folder {};
  checked([&] { return ::fstat(place.folder.get(), &folder); }, "fstat", shown(place.path.string()));
  const auto user = ::geteuid();
  const bool sticky = (folder.st_mode & S_ISVTX) != 0 && folder.st_uid != user && user != 0;
  if (sticky && status.st_mode != 0 && status.st_uid != user) {
    refuse(place.path, text("belongs to uid ", status.st_uid, ", in a folder for everybody"));
  }
}

mode_t mode_of_new_file() {
  const mode_t mask = ::umask(S_IRWXG | S_IRWXO);
  ::umask(mask);
  return (S_IRUSR | S_IWUSR | S_IRGRP | S_IWGRP | S_IROTH | S_IWOTH) & ~mask;
}

std::string temporary_name() {
  return text(".mpmt-", random_digits());
}

/// Where the kernel lets a file that has no name be given one.
std::string name_of(const Fd& file) {
  return text("/proc/self/fd/", file.get());
}

}  // namespace

OutputPlace output_place(const fs::path& target) {
  fs::path path = target;
  for (int links = 0; links <= kMostLinks; ++links) {
    const auto name = path.filename().string();
    if (name.empty() || name == "." || name == "..") refuse(path, "is a folder, not a regular file");
    OutputPlace place{open_folder(path.has_parent_path() ? path.parent_path() : "."), name, path};
    const auto status = found_at(place);
    if (!S_ISLNK(status.st_mode)) {
      if (status.st_mode == 0 && links > 0) refuse(target, "is a symbolic link to nothing");
      expect_file_or_nothing(place, status);
      expect_replaceable(place, status);
      return place;
    }
    path = next_of(place, status);
  }
  refuse(target, "is a symbolic link without an end");
}

Fd OutputFile::make(const OutputPlace& place, std::string& temporary) {
  constexpr auto kMode = S_IRUSR | S_IWUSR;
  if (::access("/proc/self/fd", X_OK) == 0) {
    Fd nameless(::openat(place.folder.get(), ".", O_TMPFILE | O_RDWR | O_CLOEXEC, kMode));
    if (nameless) return nameless;
  }
  constexpr auto kFlags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  const auto name = temporary_name();
  Fd named(checked([&] { return ::openat(place.folder.get(), name.c_str(), kFlags, kMode); }, "open",
                   text("a file beside ", shown(place.path.string()))));
  temporary = name;
  return named;
}

OutputFile::OutputFile(const fs::path& target)
    : place_(output_place(target)),
      file_(make(place_, temporary_)),
      stream_(file_.get(), shown(place_.path.string())) {}

OutputFile::~OutputFile() {
  if (!temporary_.empty()) ::unlinkat(place_.folder.get(), temporary_.c_str(), 0);
}

void OutputFile::name_it() {
  if (!temporary_.empty()) return;
  const auto name = temporary_name();
  checked(
      [&] { return ::linkat(AT_FDCWD, name_of(file_).c_str(), place_.folder.get(), name.c_str(), AT_SYMLINK_FOLLOW); },
      "link", shown(place_.path.string()));
  temporary_ = name;
}

void OutputFile::commit() {
  const auto object = shown(place_.path.string());
  stream_.flush();
  checked([&] { return ::fchmod(file_.get(), mode_of_new_file()); }, "fchmod", object);
  expect_file_or_nothing(place_, found_at(place_));
  name_it();
  const auto folder = place_.folder.get();
  checked([&] { return ::renameat(folder, temporary_.c_str(), folder, place_.name.c_str()); }, "rename", object);
  temporary_.clear();
}

}  // namespace mpmt
