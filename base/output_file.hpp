// A file that appears at its place whole, or not at all.
#pragma once

#include <filesystem>
#include <ostream>
#include <string>

#include "base/fd.hpp"
#include "base/fd_stream.hpp"

namespace mpmt {

/// Where a file is to appear: its folder, and its name in there.
struct OutputPlace {
  Fd folder;  ///< O_PATH
  std::string name;
  std::filesystem::path path;  ///< for messages
};

/// Finds it and changes nothing. There may be nothing yet, or a regular file, or a symbolic link to one: then the link
/// stays, and the place is what it leads to. A device, a FIFO, a socket, a folder and a link to nothing are refused, by
/// what is found and not by name, and never opened; so is, where everybody may make links (a sticky folder), the link
/// of another user. Throws std::runtime_error which begins with the path.
OutputPlace output_place(const std::filesystem::path& target);

/// What is written goes to a file without a name in the target's folder (O_TMPFILE), so that nothing is left however
/// the process ends; where the file system has none, to one of an unforeseeable name, mode 0600, which the destructor
/// removes. Not copied, not moved.
class OutputFile {
 public:
  /// Throws as output_place does; std::system_error when the folder takes no files.
  explicit OutputFile(const std::filesystem::path& target);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  std::ostream& stream() { return stream_; }
  /// Puts the file at its place, with the permissions that the umask leaves a new file, instead of the regular file
  /// that may be there. Throws, and leaves what was there, when something else has come there meanwhile or it cannot be
  /// done. Once, in a process with one thread (the umask is another one's for a moment).
  void commit();

 private:
  static Fd make(const OutputPlace& place, std::string& temporary);
  void name_it();

  OutputPlace place_;
  std::string temporary_;  ///< in the place's folder; empty while the file has no name
  Fd file_;
  FdStream stream_;
};

}  // namespace mpmt
