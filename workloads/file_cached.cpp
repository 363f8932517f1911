// file_cached: writes blocks and reads them back through the page cache. Stands for files that are in memory anyway:
// logs, temporary files, a database whose working set fits. It is system calls and copies; no device takes part in a
// task. (The kernel writes dirty pages to the device later, in the background, as it does for every program.)
//
// The result comes from what was read, of all its bytes.
#include "workloads/kernel.hpp"
#include "workloads/unnamed_file.hpp"

namespace mpmt::workloads {
namespace {

constexpr std::uint64_t kFileBlocks = 64;  // overwritten again and again, whatever the grain

class FileCached {
 public:
  explicit FileCached(const Parameters& parameters)
      : blocks_(parameters.grain), file_(parameters.data_dir, kFileBlocks) {}

  std::uint64_t operator()(std::uint64_t variant, std::span<const std::byte>, std::span<std::byte>) {
    std::uint64_t sum = 0;
    for (std::uint64_t number = 0; number < blocks_; ++number) {
      fill(written_, stamp_of(variant, number));
      file_.write(written_, number % kFileBlocks);
      file_.read(received_, number % kFileBlocks);
      sum += checksum(received_);
    }
    return sum;
  }

 private:
  std::uint64_t blocks_;
  UnnamedFile file_;
  Block written_{};
  Block received_{};
};

/// What reading back must give.
VariantResults results_of(std::uint64_t blocks) {
  VariantResults results{};
  Block block;
  for (std::uint64_t variant = 0; variant < kVariants; ++variant) {
    for (std::uint64_t number = 0; number < blocks; ++number) {
      fill(block, stamp_of(variant, number));
      results[variant] += checksum(block);
    }
  }
  return results;
}

std::unique_ptr<Fixture> prepare(const Parameters& parameters) {
  const UnnamedFile probe(parameters.data_dir,
                          1);  // a directory that cannot be written to is refused before any worker
  return std::make_unique<KernelFixture<FileCached>>(parameters, results_of(parameters.grain),
                                                     file_system_of(parameters.data_dir).facts());
}

const Registration registered{
    {.name = "file_cached",
     .summary = "writes and reads back blocks of a file in the page cache: system calls and copies",
     .grain_unit = "one 4-KiB block written (pwrite) and read back (pread)",
     .kind = Kind::io,
     .question = "file",
     .typical = true,
     .version = 1,
     .prepare = prepare}};

}  // namespace
}  // namespace mpmt::workloads
