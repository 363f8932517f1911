// Pins what a task of each version of a workload is: results of different versions are never compared, so a task whose
// meaning has changed must not keep its version.
#include <gtest/gtest.h>

#include <map>
#include <utility>

#include "workload_trial.hpp"

namespace mpmt::tests {
namespace {

/// {workload, version} -> the sum over tasks 0 to 36 of grain 3 with a payload of 24 bytes.
const std::map<std::pair<std::string, int>, std::uint64_t> kChecksums{
    {{"empty", 1}, 0x2b6f},
    {{"file_cached", 1}, 0xf8d272150a139b41},
    {{"file_sync", 1}, 0xcac3b367d14f791},
    {{"hash_chain", 1}, 0x8b2ef3f226bff0f},
    {{"loopback_echo", 1}, 0x10363793c9fc3d34},
    {{"matrix_multiply", 1}, 0xaaffcda87f},
    {{"mixed_wait", 1}, 0x2f2ab78365a7df5b},
    {{"payload_copy", 1}, 0x5df7dae566754d86},
    {{"prime_count", 1}, 0x100b0000038d},
    {{"sleep_wait", 1}, 0xd9ac5533591c8207},
    {{"sort_block", 1}, 0x1efb23538d609e27},
};

TEST(WorkloadVersions, a_task_that_changes_its_meaning_changes_its_version) {
  const ScratchDir data_dir;
  for (const auto& workload : workloads::WorkloadCatalog::instance().all()) {
    SCOPED_TRACE(workload.name);
    constexpr std::size_t payload_bytes = 24;
    std::unique_ptr<workloads::Fixture> fixture;
    try {
      fixture = workload.prepare({3, payload_bytes, data_dir.path()});
    } catch (const workloads::Unsupported&) {
      continue;
    }
    const auto sum = run(*fixture, *fixture->open(0), {0, 37}, payload_bytes).sum;
    const auto pinned = kChecksums.find({std::string(workload.name), workload.version});
    if (pinned == kChecksums.end()) {
      ADD_FAILURE() << "not pinned yet; add {{\"" << workload.name << "\", " << workload.version << "}, 0x" << std::hex
                    << sum << "},";
    } else {
      EXPECT_EQ(sum, pinned->second) << std::hex << "0x" << sum << ": raise the workload's version and pin this one";
    }
  }
}

}  // namespace
}  // namespace mpmt::tests
