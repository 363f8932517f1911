// What kind of thing a name leads to, in words for messages.
#pragma once

#include <sys/stat.h>

#include <string>

namespace mpmt {

/// "a regular file", "a folder", "a FIFO", "a socket", "a character device", "a block device", "a symbolic link".
std::string kind_of(mode_t mode);

/// Why the open file, which is meant to be the calling user's own, must not be believed or written: it is no regular
/// file, it belongs to another user, it has another name somewhere (or none any more), or others may write it. Empty
/// when there is nothing against it. Throws std::system_error when the descriptor is none.
std::string why_not_own_file(int descriptor);

}  // namespace mpmt
