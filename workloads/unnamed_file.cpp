#include "workloads/unnamed_file.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <optional>
#include <sstream>

#include "base/checked.hpp"
#include "base/text.hpp"
#include "workloads/mix.hpp"

namespace mpmt::workloads {
namespace {

std::string named_in_errors(const std::filesystem::path& directory) {
  return text("a file in ", directory.string(), "; --data-dir chooses another directory");
}

Fd make_and_unlink(const std::filesystem::path& directory, const std::string& object) {
  std::string name = (directory / "mpmt-XXXXXX").string();
  Fd file{checked([&] { return ::mkostemp(name.data(), O_CLOEXEC); }, "mkostemp", object)};
  checked([&] { return ::unlink(name.c_str()); }, "unlink", object);
  return file;
}

Fd make_unnamed(const std::filesystem::path& directory, const std::string& object) {
  int file = -1;
  do {
    file = ::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  } while (file < 0 && errno == EINTR);
  if (file >= 0) return Fd{file};
  // EISDIR: a kernel or file system that takes O_TMPFILE for an attempt to write to the directory.
  if (errno == EOPNOTSUPP || errno == EISDIR) return make_and_unlink(directory, object);
  throw_system_error(errno, "open", object);
}

/// A line of /proc/self/mountinfo (proc(5)): "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root
/// rw,errors=continue".
struct Mount {
  std::uint64_t id = 0;
  std::string device_number;
  std::string type;
  std::string source;
  std::string options;
};

std::optional<Mount> parse_mount(const std::string& line) {
  const auto separator = line.find(" - ");
  if (separator == std::string::npos) return std::nullopt;
  Mount mount;
  std::string parent;
  std::istringstream(line) >> mount.id >> parent >> mount.device_number;
  std::istringstream(line.substr(separator + 3)) >> mount.type >> mount.source >> mount.options;
  return mount;
}

/// By the mount's id (Linux 5.8), else by the device number, which is not that of the mount on btrfs and overlay.
std::optional<Mount> mount_of(const std::filesystem::path& directory, const std::string& object) {
  struct statx status {};
  checked([&] { return ::statx(AT_FDCWD, directory.c_str(), 0, STATX_MNT_ID, &status); }, "statx", object);
  const bool id_known = (status.stx_mask & STATX_MNT_ID) != 0;
  const std::string device_number = text(status.stx_dev_major, ":", status.stx_dev_minor);
  std::ifstream table("/proc/self/mountinfo");
  for (std::string line; std::getline(table, line);) {
    auto mount = parse_mount(line);
    if (!mount) continue;
    if (id_known ? mount->id == status.stx_mnt_id : mount->device_number == device_number) return mount;
  }
  return std::nullopt;
}

}  // namespace

void fill(Block& block, std::uint64_t stamp) {
  for (std::size_t i = 0; i < block.size(); ++i) block[i] = stamp + i * kGolden;
}

std::uint64_t checksum(const Block& block) {
  std::uint64_t sum = 0;
  std::uint64_t sum_of_sums = 0;
  for (const std::uint64_t word : block) {
    sum += word;
    sum_of_sums += sum;
  }
  return mix(sum + mix(sum_of_sums)) | 1;
}

std::uint64_t stamp_of(std::uint64_t variant, std::uint64_t number) {
  return mix(variant + 1) + mix(~number);
}

UnnamedFile::UnnamedFile(const std::filesystem::path& directory, std::uint64_t blocks)
    : object_(named_in_errors(directory)), file_(make_unnamed(directory, object_)) {
  Block block;
  fill(block, 0);
  for (std::uint64_t number = 0; number < blocks; ++number) write(block, number);
}

void UnnamedFile::write(const Block& block, std::uint64_t number) {
  const auto offset = static_cast<off_t>(number * sizeof block);
  const auto written =
      checked([&] { return ::pwrite(file_.get(), block.data(), sizeof block, offset); }, "pwrite", object_);
  if (written != sizeof block) throw_system_error(ENOSPC, "pwrite", object_);
}

void UnnamedFile::read(Block& block, std::uint64_t number) {
  const auto offset = static_cast<off_t>(number * sizeof block);
  const auto received =
      checked([&] { return ::pread(file_.get(), block.data(), sizeof block, offset); }, "pread", object_);
  if (received != sizeof block) throw_system_error(EIO, "pread", object_);
}

void UnnamedFile::sync() {
  checked([&] { return ::fdatasync(file_.get()); }, "fdatasync", object_);
}

FileSystem file_system_of(const std::filesystem::path& directory) {
  const std::string object = named_in_errors(directory);
  struct statfs status {};
  checked([&] { return ::statfs(directory.c_str(), &status); }, "statfs", object);
  const auto mount = mount_of(directory, object);

  FileSystem result;
  result.type = mount ? mount->type : text("magic 0x", std::hex, status.f_type);
  result.device = mount ? mount->source : "unknown";
  const auto magic = static_cast<std::uint64_t>(status.f_type) & 0xffffffff;
  const bool in_memory = magic == TMPFS_MAGIC || magic == RAMFS_MAGIC || magic == HUGETLBFS_MAGIC;
  const bool ignores_sync =
      mount && mount->type == "overlay" && ("," + mount->options + ",").find(",volatile,") != std::string::npos;
  result.syncs = !in_memory && !ignores_sync;
  return result;
}

}  // namespace mpmt::workloads
