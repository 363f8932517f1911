// file_sync: writes a block and waits until the device has it, again and again. Stands for a commit: a database's
// write-ahead log, a message broker's journal. The file is allocated and written out before, and overwritten in place,
// as such logs do; otherwise each fdatasync would also commit the file system's own records of a growing file.
//
// Where fdatasync does nothing (tmpfs), the workload would be file_cached under another name: it is unsupported there.
// The result vouches for calls that succeeded; that the bytes are on the medium no program can see from here.
#include "base/text.hpp"
#include "workloads/kernel.hpp"
#include "workloads/mix.hpp"
#include "workloads/unnamed_file.hpp"

namespace mpmt::workloads {
namespace {

constexpr std::uint64_t kFileBlocks = 64;

class FileSync {
 public:
  explicit FileSync(const Parameters& parameters) : blocks_(parameters.grain), file_(parameters.data_dir, kFileBlocks) {
    file_.sync();
  }

  std::uint64_t operator()(std::uint64_t variant, std::span<const std::byte>, std::span<std::byte>) {
    std::uint64_t sum = 0;
    for (std::uint64_t number = 0; number < blocks_; ++number) {
      const std::uint64_t stamp = stamp_of(variant, number);
      fill(block_, stamp);
      file_.write(block_, number % kFileBlocks);
      file_.sync();
      sum += mix(stamp) | 1;
    }
    return sum;
  }

 private:
  std::uint64_t blocks_;
  UnnamedFile file_;
  Block block_{};
};

VariantResults results_of(std::uint64_t blocks) {
  VariantResults results{};
  for (std::uint64_t variant = 0; variant < kVariants; ++variant) {
    for (std::uint64_t number = 0; number < blocks; ++number) results[variant] += mix(stamp_of(variant, number)) | 1;
  }
  return results;
}

std::unique_ptr<Fixture> prepare(const Parameters& parameters) {
  const UnnamedFile probe(parameters.data_dir,
                          1);  // a directory that cannot be written to is refused before any worker
  const FileSystem file_system = file_system_of(parameters.data_dir);
  if (!file_system.syncs) {
    throw Unsupported(text("fdatasync does nothing on ", file_system.type, ", where ", parameters.data_dir.string(),
                           " is: choose a directory on a disk with --data-dir"));
  }
  return std::make_unique<KernelFixture<FileSync>>(parameters, results_of(parameters.grain), file_system.facts());
}

const Registration registered{
    {.name = "file_sync",
     .summary = "writes blocks and waits for the device each time: commits of a write-ahead log",
     .grain_unit = "one 4-KiB block overwritten in place (pwrite) and confirmed (fdatasync)",
     .kind = Kind::io,
     .question = "file",
     .version = 1,
     .prepare = prepare}};

}  // namespace
}  // namespace mpmt::workloads
