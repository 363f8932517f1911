// A workload set up as a trial sets it up, for tests over the catalogue.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "scratch_dir.hpp"
#include "workloads/workload.hpp"

namespace mpmt::tests {

/// A task's reply bytes, and its sum.
struct Ran {
  std::uint64_t sum = 0;
  std::vector<std::byte> replies;
};

/// Sends the fixture's request with each task, as a submitter would.
inline Ran run(const workloads::Fixture& fixture, workloads::Session& session, workloads::TaskRange tasks,
               std::size_t payload_bytes) {
  std::vector<std::byte> request(payload_bytes);
  fixture.fill_request(request);
  std::vector<std::byte> requests;
  for (std::uint64_t k = 0; k < tasks.count; ++k) requests.insert(requests.end(), request.begin(), request.end());
  Ran ran{0, std::vector<std::byte>(requests.size())};
  ran.sum = session.run(tasks, requests, ran.replies);
  return ran;
}

/// A suite that runs once for every workload in the catalogue, short tasks, in a data directory of its own.
class EveryWorkload : public ::testing::TestWithParam<workloads::Description> {
 protected:
  void SetUp() override {
    payload_bytes_ = GetParam().minimum_payload;
    prepare();
  }

  /// Anew, with what the members say. Skips where this machine cannot run the workload.
  void prepare() {
    fixture_.reset();
    try {
      fixture_ = GetParam().prepare({grain_, payload_bytes_, data_dir_.path()});
    } catch (const workloads::Unsupported& reason) {
      GTEST_SKIP() << reason.what();
    }
  }

  std::uint64_t sum_of(workloads::Session& session, workloads::TaskRange tasks) const {
    return run(*fixture_, session, tasks, payload_bytes_).sum;
  }

  ScratchDir data_dir_;
  std::uint64_t grain_ = 2;
  std::size_t payload_bytes_ = 0;
  std::unique_ptr<workloads::Fixture> fixture_;
};

inline std::string name_of(const ::testing::TestParamInfo<workloads::Description>& workload) {
  return std::string(workload.param.name);
}

}  // namespace mpmt::tests
