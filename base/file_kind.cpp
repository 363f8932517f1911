#include "base/file_kind.hpp"

#include <unistd.h>

#include "base/checked.hpp"
#include "base/text.hpp"

namespace mpmt {

std::string kind_of(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFREG:
      return "a regular file";
    case S_IFDIR:
      return "a folder";
    case S_IFIFO:
      return "a FIFO";
    case S_IFSOCK:
      return "a socket";
    case S_IFCHR:
      return "a character device";
    case S_IFBLK:
      return "a block device";
    case S_IFLNK:
      return "a symbolic link";
    default:
      return "of an unknown kind";
  }
}

std::string why_not_own_file(int descriptor) {
  struct stat status {};
  checked([&] { return ::fstat(descriptor, &status); }, "fstat");
  if (!S_ISREG(status.st_mode)) return "is " + kind_of(status.st_mode) + ", not a regular file";
  if (status.st_uid != ::geteuid()) return text("belongs to uid ", status.st_uid, ", not to uid ", ::geteuid());
  if (status.st_nlink != 1) return text("has ", status.st_nlink, " names, not one");
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0) return "can be written by others";
  return {};
}

}  // namespace mpmt
