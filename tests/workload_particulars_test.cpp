// What single workloads promise beyond the contract.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <system_error>

#include "base/clock.hpp"
#include "base/text.hpp"
#include "workload_trial.hpp"
#include "workloads/echo_server.hpp"
#include "workloads/kernel.hpp"

namespace mpmt::tests {
namespace {

using workloads::kVariants;
using workloads::TaskRange;

std::unique_ptr<workloads::Fixture> prepare(std::string_view name, const workloads::Parameters& parameters) {
  return workloads::WorkloadCatalog::instance().find(name)->prepare(parameters);
}

/// The message with which `action` fails as Failure; empty, and the test failed, when it does not.
template <class Failure, class Action>
std::string failure_of(Action&& action) {
  try {
    action();
  } catch (const Failure& failure) {
    return failure.what();
  }
  ADD_FAILURE() << "no failure";
  return {};
}

TEST(WeighedSum, is_the_sum_over_the_range) {
  std::mt19937_64 random(7);
  workloads::VariantResults results{};
  for (auto& result : results) result = random();
  for (int round = 0; round < 200; ++round) {
    // Beginnings near 0, anywhere, and just below 2^64, where indices start again from 0.
    const std::uint64_t first = round % 3 == 0 ? random() % 100 : round % 3 == 1 ? random() : ~(random() % 100);
    const TaskRange tasks{first, random() % 200};
    std::uint64_t naive = 0;
    for (std::uint64_t k = 0; k < tasks.count; ++k) {
      naive += workloads::weigh(tasks.first + k, results[(tasks.first + k) % kVariants]);
    }
    EXPECT_EQ(workloads::weighed_sum(tasks, results), naive) << tasks.first << " + " << tasks.count;
  }
}

TEST(WeighedSum, of_two_halves_is_that_of_the_whole_up_to_2_to_the_40) {
  std::mt19937_64 random(8);
  workloads::VariantResults results{};
  for (auto& result : results) result = random();
  constexpr std::uint64_t count = std::uint64_t{1} << 40;
  for (int round = 0; round < 50; ++round) {
    const std::uint64_t first = random();
    const std::uint64_t cut = random() % count;
    EXPECT_EQ(
        workloads::weighed_sum({first, cut}, results) + workloads::weighed_sum({first + cut, count - cut}, results),
        workloads::weighed_sum({first, count}, results));
  }
}

TEST(PrimeCount, counts_the_primes_of_its_range) {
  constexpr std::uint64_t first = 33'001;
  constexpr std::uint64_t numbers = 16'384;  // the whole range, at whichever number a variant begins
  std::vector<bool> composite(first + 2 * numbers);
  for (std::size_t i = 2; i < composite.size(); ++i) {
    for (std::size_t multiple = 2 * i; multiple < composite.size(); multiple += i) composite[multiple] = true;
  }
  const auto primes = static_cast<std::uint64_t>(std::count(composite.begin() + first, composite.end(), false));

  const auto fixture = prepare("prime_count", {numbers, 0, {}});
  for (const std::uint64_t variant : {0, 1, 15}) {
    EXPECT_EQ(fixture->expected_sum({variant, 1}), workloads::weigh(variant, (numbers << 32) + primes));
  }
}

TEST(SleepWait, asks_for_exact_timers_in_the_thread_that_opens_the_session) {
  ::prctl(PR_SET_TIMERSLACK, 50'000UL);
  const auto session = prepare("sleep_wait", {1, 0, {}})->open(0);
  EXPECT_EQ(::prctl(PR_GET_TIMERSLACK), 1);
}

TEST(SleepWait, does_not_come_back_before_its_time) {
  const auto fixture = prepare("sleep_wait", {200, 0, {}});
  const auto session = fixture->open(0);
  const auto start = Clock::now();
  run(*fixture, *session, {0, 5}, 0);
  EXPECT_GE(since(start), std::chrono::milliseconds(1));
}

TEST(MixedWait, computes_so_many_rounds_of_hash_chain_as_the_rest_of_its_nominal_time_has) {
  for (const auto& [waiting, rounds] : {std::pair(0, 1200U), {50, 600U}, {99, 12U}}) {
    const auto expected = prepare("mixed_wait", {4, 0, {}, waiting})->expected_sum({3, 20});
    EXPECT_EQ(expected, prepare("hash_chain", {rounds, 0, {}})->expected_sum({3, 20})) << waiting << " %";
  }
}

TEST(MixedWait, waits_its_share_and_no_less) {
  const auto fixture = prepare("mixed_wait", {250, 0, {}, 80});
  const auto session = fixture->open(0);
  EXPECT_EQ(::prctl(PR_GET_TIMERSLACK), 1);
  const auto start = Clock::now();
  run(*fixture, *session, {0, 5}, 0);
  EXPECT_GE(since(start), std::chrono::milliseconds(1));
}

TEST(MixedWait, knows_its_sums_without_waiting) {
  const auto sleeps = [] {
    rusage used{};
    ::getrusage(RUSAGE_THREAD, &used);
    return used.ru_nvcsw;
  };
  const auto fixture = prepare("mixed_wait", {100, 0, {}, 90});
  const auto before = sleeps();
  fixture->expected_sum({0, 100});
  EXPECT_LT(sleeps() - before, static_cast<long>(kVariants)) << "one sleep a variant, or more";
}

TEST(Waits, longer_than_an_hour_are_refused) {
  for (const char* name : {"sleep_wait", "mixed_wait", "loopback_echo"}) {
    const auto what = failure_of<std::invalid_argument>([&] { prepare(name, {3'600'000'001, 0, {}}); });
    EXPECT_NE(what.find("--grain"), what.npos) << what;
  }
}

TEST(FileSync, is_unsupported_where_fdatasync_does_nothing) {
  const ScratchDir in_memory("/dev/shm");
  const auto what = failure_of<workloads::Unsupported>([&] { prepare("file_sync", {1, 0, in_memory.path()}); });
  EXPECT_NE(what.find("tmpfs"), what.npos) << what;
  EXPECT_NE(what.find("--data-dir"), what.npos) << what;
}

TEST(FileWorkloads, name_a_directory_that_cannot_be_used) {
  for (const char* directory : {"/nowhere/at/all", "/proc/self"}) {
    for (const char* name : {"file_cached", "file_sync"}) {
      const auto what = failure_of<std::system_error>([&] { prepare(name, {1, 0, directory}); });
      EXPECT_NE(what.find(directory), what.npos) << what;
      EXPECT_NE(what.find("--data-dir"), what.npos) << what;
    }
  }
}

TEST(FileWorkloads, tell_file_system_and_device) {
  const ScratchDir in_memory("/dev/shm");
  const auto facts = prepare("file_cached", {1, 0, in_memory.path()})->surroundings();
  EXPECT_EQ(facts.at("file_system"), "tmpfs");
  EXPECT_FALSE(facts.at("device").empty());
}

TEST(PayloadCopy, every_byte_of_every_reply_counts) {
  const auto fixture = prepare("payload_copy", {1, 11, {}});
  const auto session = fixture->open(0);
  auto ran = run(*fixture, *session, {0, 3}, 11);
  ASSERT_TRUE(fixture->reply_is_right({0, 3}, ran.replies));
  EXPECT_FALSE(fixture->reply_is_right({0, 2}, ran.replies));
  for (std::byte& byte : ran.replies) {
    byte ^= std::byte{1};
    EXPECT_FALSE(fixture->reply_is_right({0, 3}, ran.replies));
    byte ^= std::byte{1};
  }
}

/// The only child of this process.
pid_t find_child() {
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    std::ifstream file(entry.path() / "stat");
    std::string stat;
    if (!std::getline(file, stat)) continue;
    std::istringstream after_name(stat.substr(stat.rfind(')') + 1));
    char state = 0;
    pid_t parent = 0;
    after_name >> state >> parent;
    if (parent == ::getpid()) return std::stoi(entry.path().filename());
  }
  return -1;
}

class LoopbackEcho : public ::testing::Test {
 protected:
  void kill_server() {
    const pid_t server = find_child();
    ASSERT_GT(server, 0);
    ::kill(server, SIGKILL);
    siginfo_t info{};
    ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(server), &info, WEXITED | WNOWAIT), 0);
  }

  std::unique_ptr<workloads::Fixture> fixture_ = prepare("loopback_echo", {1, 0, {}});
};

TEST_F(LoopbackEcho, a_killed_server_fails_the_task_at_hand) {
  const auto session = fixture_->open(0);
  kill_server();
  try {
    session->run({41, 3}, {}, {});
    FAIL() << "a reply from a dead server";
  } catch (const workloads::TaskError& failure) {
    EXPECT_EQ(failure.first_failing_task, 41U);
    EXPECT_NE(std::string(failure.what()).find("echo server"), std::string::npos) << failure.what();
  }
}

TEST_F(LoopbackEcho, a_session_with_a_killed_server_does_not_open) {
  kill_server();
  const auto what = failure_of<std::system_error>([&] { fixture_->open(0); });
  EXPECT_NE(what.find("echo server"), what.npos) << what;
}

TEST_F(LoopbackEcho, more_connections_than_events_at_once_are_served) {
  std::vector<std::unique_ptr<workloads::Session>> sessions(100);
  for (std::size_t i = 0; i < sessions.size(); ++i) sessions[i] = fixture_->open(static_cast<int>(i));
  for (std::uint64_t i = 0; i < sessions.size(); ++i) {
    EXPECT_EQ(sessions[i]->run({i, 1}, {}, {}), fixture_->expected_sum({i, 1}));
    if (i % 3 == 0) sessions[i].reset();
  }
}

}  // namespace
}  // namespace mpmt::tests
