// Files of the I/O workloads: they have no name, so that nothing of them is left, however their owner ends.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>

#include "base/fd.hpp"

namespace mpmt::workloads {

/// What is written and read at once: 4 KiB, the unit of the page cache and of most devices.
using Block = std::array<std::uint64_t, 512>;
static_assert(sizeof(Block) == 4096);

/// Fills a block with what `stamp` stands for: different stamps give different blocks.
void fill(Block& block, std::uint64_t stamp);
/// Of all its words and their places; never 0.
std::uint64_t checksum(const Block& block);
/// The stamp of a task's block number `number`.
std::uint64_t stamp_of(std::uint64_t variant, std::uint64_t number);

/// A file in `directory` that no name leads to (O_TMPFILE; where the file system lacks it, a file unlinked at once).
/// Owned by the session that makes it. All calls throw std::system_error naming the directory and --data-dir.
class UnnamedFile {
 public:
  /// `blocks` blocks long, all written, so that no later write has to allocate.
  UnnamedFile(const std::filesystem::path& directory, std::uint64_t blocks);

  void write(const Block& block, std::uint64_t number);
  void read(Block& block, std::uint64_t number);
  /// fdatasync: returns when the device has confirmed what was written.
  void sync();

 private:
  std::string object_;
  Fd file_;
};

struct FileSystem {
  std::string type;    ///< as mounted: "ext4", "overlay"; the magic number where the mount table does not tell
  std::string device;  ///< what is mounted: "/dev/vda1", "tmpfs"; "unknown" where the mount table does not tell
  bool syncs = true;   ///< false where fdatasync is known to do nothing

  /// For Fixture::surroundings.
  std::map<std::string, std::string> facts() const { return {{"file_system", type}, {"device", device}}; }
};

/// Of the directory. Throws std::system_error naming the directory and --data-dir.
FileSystem file_system_of(const std::filesystem::path& directory);

}  // namespace mpmt::workloads
