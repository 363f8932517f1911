// What every workload promises (workloads/workload.hpp). The suite runs over the catalogue: a new workload is taken up
// by itself.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <iterator>
#include <map>
#include <ostream>
#include <random>
#include <set>
#include <string>
#include <thread>

#include "base/child_process.hpp"
#include "base/text.hpp"
#include "cpu_used.hpp"
#include "workload_trial.hpp"
#include "workloads/kernel.hpp"

namespace mpmt::workloads {

/// How gtest shows a parameter.
void PrintTo(const Description& workload, std::ostream* out) {
  *out << workload.name;
}

}  // namespace mpmt::workloads

namespace mpmt::tests {
namespace {

using workloads::kVariants;
using workloads::TaskRange;

std::size_t entries_in(const std::filesystem::path& directory) {
  const std::filesystem::directory_iterator first(directory);
  return static_cast<std::size_t>(std::distance(begin(first), end(first)));
}

bool has_children() {
  return ::waitpid(-1, nullptr, WNOHANG) != -1 || errno != ECHILD;
}

TEST_P(EveryWorkload, is_described_in_full) {
  const auto& workload = GetParam();
  for (const std::string_view line : {workload.name, workload.summary, workload.grain_unit, workload.question}) {
    EXPECT_FALSE(line.empty());
    EXPECT_EQ(line.find('\n'), line.npos);
  }
  EXPECT_GE(workload.version, 1);
}

TEST_P(EveryWorkload, the_sum_of_a_range_is_the_expected_one) {
  const auto session = fixture_->open(0);
  for (const auto& tasks : {TaskRange{0, 0}, {0, 1}, {1, 1}, {15, 2}, {7, 9}, {0, kVariants}, {1'000'003, 40}}) {
    EXPECT_EQ(sum_of(*session, tasks), fixture_->expected_sum(tasks)) << tasks.first << " + " << tasks.count;
  }
}

TEST_P(EveryWorkload, any_split_of_a_range_gives_the_same_sum) {
  const auto session = fixture_->open(0);
  constexpr TaskRange all{5, 75};
  std::mt19937_64 random(20240229);
  for (int round = 0; round < 4; ++round) {
    std::uint64_t sum = 0;
    for (std::uint64_t done = 0; done < all.count;) {
      const std::uint64_t batch = std::min(random() % (kVariants + 5), all.count - done);  // 0 among them
      sum += sum_of(*session, {all.first + done, batch});
      done += batch;
    }
    EXPECT_EQ(sum, fixture_->expected_sum(all)) << "round " << round;
  }
}

TEST_P(EveryWorkload, a_lost_a_doubled_or_a_swapped_task_shows) {
  const std::uint64_t all = fixture_->expected_sum({0, 40});
  for (std::uint64_t task = 0; task < 40; ++task) {
    const std::uint64_t one = fixture_->expected_sum({task, 1});
    EXPECT_NE(one, 0U) << "task " << task << " can be lost or doubled unseen";
    EXPECT_NE(one, fixture_->expected_sum({task + kVariants, 1})) << "another task can stand in for task " << task;
  }
  EXPECT_NE(all, fixture_->expected_sum({1, 40}));
}

TEST_P(EveryWorkload, two_sessions_open_at_once_agree) {
  const auto first = fixture_->open(0);
  const auto second = fixture_->open(1);
  for (std::uint64_t task = 0; task < 2 * kVariants; ++task) {
    const std::uint64_t sum = sum_of(*first, {task, 1});
    EXPECT_EQ(sum_of(*second, {task, 1}), sum);
  }
}

TEST_P(EveryWorkload, threads_open_and_run_sessions_at_once) {
  std::array<std::uint64_t, 4> sums{};
  std::vector<std::thread> workers;
  for (std::size_t i = 0; i < sums.size(); ++i) {
    workers.emplace_back([&, i] {
      const auto session = fixture_->open(static_cast<int>(i));
      sums[i] = sum_of(*session, {i * 10, 10});
    });
  }
  for (auto& worker : workers) worker.join();
  for (std::size_t i = 0; i < sums.size(); ++i) EXPECT_EQ(sums[i], fixture_->expected_sum({i * 10, 10}));
}

TEST_P(EveryWorkload, a_forked_child_opens_and_runs_a_session) {
  ChildProcess worker("worker", [&] {
    const auto session = fixture_->open(0);
    if (sum_of(*session, {3, 20}) != fixture_->expected_sum({3, 20})) throw std::runtime_error("wrong sum");
  });
  const auto end = worker.reap(Clock::now() + std::chrono::seconds(30));
  ASSERT_TRUE(end.has_value()) << "no end";
  EXPECT_EQ(end->describe(), "exited with 0");
}

TEST_P(EveryWorkload, a_payload_travels_with_every_task) {
  for (const std::size_t bytes : {1U, 7U, 64U, 4099U}) {
    payload_bytes_ = bytes;
    prepare();
    const auto session = fixture_->open(0);
    constexpr TaskRange tasks{9, 19};
    const auto ran = run(*fixture_, *session, tasks, bytes);
    EXPECT_EQ(ran.sum, fixture_->expected_sum(tasks)) << bytes << " bytes";
    EXPECT_TRUE(fixture_->reply_is_right(tasks, ran.replies)) << bytes << " bytes";
  }
}

TEST_P(EveryWorkload, the_request_is_the_same_for_every_call) {
  std::vector<std::byte> first(333);
  std::vector<std::byte> second(333, std::byte{0xff});
  fixture_->fill_request(first);
  fixture_->fill_request(second);
  EXPECT_EQ(first, second);
}

TEST_P(EveryWorkload, every_grain_gives_the_expected_sum) {
  for (const std::uint64_t grain : {1, 3, 70}) {
    grain_ = grain;
    prepare();
    const auto session = fixture_->open(0);
    EXPECT_EQ(sum_of(*session, {2, 3}), fixture_->expected_sum({2, 3})) << "grain " << grain;
  }
}

TEST_P(EveryWorkload, nothing_is_left_behind) {
  fixture_.reset();
  const std::size_t descriptors = entries_in("/proc/self/fd");
  prepare();
  auto session = fixture_->open(0);
  sum_of(*session, {0, 5});
  EXPECT_EQ(entries_in(data_dir_.path()), 0U) << "a file with a name, which a killed trial would leave";
  session.reset();
  fixture_.reset();
  EXPECT_EQ(entries_in("/proc/self/fd"), descriptors);
  EXPECT_EQ(entries_in(data_dir_.path()), 0U);
  EXPECT_FALSE(has_children());
}

TEST_P(EveryWorkload, helpers_of_which_nothing_is_asked_use_no_cpu) {
  const auto session = fixture_->open(0);
  sum_of(*session, {0, 5});
  const auto helpers = children_of(::getpid());
  EXPECT_EQ(helpers.empty(), !has_children()) << "helpers of which the kernel does not tell";
  EXPECT_LE(cpu_used_by({helpers.begin(), helpers.end()}, std::chrono::seconds(1)), std::chrono::milliseconds(1));
}

INSTANTIATE_TEST_SUITE_P(workloads, EveryWorkload, ::testing::ValuesIn(workloads::WorkloadCatalog::instance().all()),
                         name_of);

TEST(WorkloadCatalog, one_workload_is_typical_of_each_question) {
  std::map<std::string_view, std::vector<std::string_view>> typical;
  for (const auto& workload : workloads::WorkloadCatalog::instance().all()) {
    auto& those = typical[workload.question];
    if (workload.typical) those.push_back(workload.name);
  }
  for (const auto& [question, those] : typical) EXPECT_EQ(those.size(), 1U) << question;
}

TEST(WorkloadCatalog, every_file_is_in_the_catalogue) {
  // Files of workloads/ that are no workload, but what workloads share.
  const std::set<std::string> shared{"echo_client", "echo_protocol", "echo_server", "echo_service",
                                     "kernel",      "unnamed_file",  "wait",        "workload"};
  std::set<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(MPMT_SOURCE_DIR "/workloads")) {
    const auto& path = entry.path();
    if (path.extension() == ".cpp" && shared.count(path.stem()) == 0) files.insert(path.stem());
  }
  std::set<std::string> registered;
  for (const auto& workload : workloads::WorkloadCatalog::instance().all()) registered.emplace(workload.name);
  EXPECT_EQ(registered, files);
}

}  // namespace
}  // namespace mpmt::tests
