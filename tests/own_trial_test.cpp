// How mpmt's own trials are started, and how they answer: this program is one, see trial_main.cpp.
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include "base/cpu_time.hpp"
#include "base/text.hpp"
#include "benchmarks/trial/trial_process.hpp"
#include "footprint.hpp"

namespace mpmt::benchmarks {
namespace {

namespace fs = std::filesystem;
using executors::Status;
using tests::comes_true;
using tests::Footprint;
using tests::footprint_after;
using tests::is_alive;

class OwnTrialTest : public ::testing::Test {
 protected:
  static StartedTrial own() { return std::move(start_own_trials(1).front()); }

  static Assignment pool_assignment(int protocol, double deadline_s = 20) {
    Assignment made;
    made.measured.workload = "hash_chain";
    made.measured.executor = "process_pool";
    made.measured.channel = "shm_ring";
    made.measured.workers = 2;
    made.measured.grain = 100;
    made.measured.batch = 2;
    made.tasks = 40;
    made.warmup_tasks = 8;
    made.deadline_s = deadline_s;
    made.protocol = protocol;
    return made;
  }

  Interrupt interrupt_;
};

/// What the descriptors of a process lead to.
std::set<std::string> opened_by(pid_t process) {
  std::set<std::string> opened;
  const auto folder = text("/proc/", process, "/fd");
  std::error_code gone;
  for (const auto& name : tests::names_in(folder)) opened.insert(fs::read_symlink(fs::path(folder) / name, gone));
  return opened;
}

TEST_F(OwnTrialTest, those_started_together_are_children_and_leaders_of_groups_of_their_own_and_share_no_pipe) {
  const Footprint before;
  const auto inherited = opened_by(::getpid());
  {
    const auto trials = start_own_trials(3);
    std::set<pid_t> pids;
    std::set<std::string> pipes;
    for (const auto& trial : trials) {
      pids.insert(trial.pid());
      EXPECT_EQ(::getpgid(trial.pid()), trial.pid());
      const auto own = [&] {
        auto opened = opened_by(trial.pid());
        for (const auto& name : inherited) opened.erase(name);
        return opened;
      };
      EXPECT_TRUE(comes_true([&] { return own().size() == 3; })) << own().size();
      pipes.merge(own());
    }
    EXPECT_EQ(pids.size(), 3U);
    EXPECT_EQ(pipes.size(), 9U);
    const auto children = children_of(::getpid());
    EXPECT_EQ(std::set<pid_t>(children.begin(), children.end()), pids) << "what forked them has gone";
  }
  EXPECT_EQ(footprint_after(before), before);
}

TEST_F(OwnTrialTest, more_are_started_together_than_one_message_has_descriptors_for) {
  const Footprint before;
  {
    const auto trials = start_own_trials(90);
    ASSERT_EQ(trials.size(), 90U);
    for (const auto& trial : trials) EXPECT_TRUE(is_alive(trial.pid()));
  }
  EXPECT_EQ(footprint_after(before), before);
}

TEST_F(OwnTrialTest, one_that_is_told_nothing_ends_with_its_input) {
  auto trial = own();
  trial.to.reset();
  pollfd ended{trial.pidfd().get(), POLLIN, 0};
  ASSERT_EQ(::poll(&ended, 1, 20'000), 1);
  const int status = trial.reap();
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
}

TEST_F(OwnTrialTest, blocks_are_as_each_order_says) {
  TrialProcess trial(own(), pool_assignment(2), interrupt_);
  ASSERT_TRUE(trial.wait_until_ready()) << trial.result().error;
  struct Row {
    Order order;
    std::uint64_t messages;
  };
  std::uint64_t wanted = 0;
  for (const auto& [order, messages] :
       std::vector<Row>{{{40, 0, true}, 20}, {{40, 10, true}, 20}, {{8, 4, true}, 4}, {{1000, 8, false}, 500}}) {
    const auto block = trial.run_block(order);
    ASSERT_TRUE(block) << trial.result().error;
    EXPECT_EQ(block->tasks, order.tasks);
    EXPECT_EQ(block->messages, messages);
    wanted += order.latencies ? messages : 0;
  }
  trial.end();
  EXPECT_EQ(trial.result().status, Status::ok) << trial.result().error;
  EXPECT_EQ(trial.result().latency.count(), wanted) << "neither those that settle nor those that were not wanted";
}

TEST_F(OwnTrialTest, a_deadline_is_for_the_whole_trial_in_protocol_1_and_for_each_answer_in_protocol_2) {
  constexpr double kDeadline_s = 3;  // to get ready within, also beside other tests
  auto started = start_own_trials(2);
  TrialProcess whole(std::move(started[0]), pool_assignment(1, kDeadline_s), interrupt_);
  TrialProcess each(std::move(started[1]), pool_assignment(2, kDeadline_s), interrupt_);
  ASSERT_TRUE(whole.wait_until_ready()) << whole.result().error;
  ASSERT_TRUE(each.wait_until_ready()) << each.result().error;
  std::this_thread::sleep_for(std::chrono::duration<double>(kDeadline_s));
  EXPECT_FALSE(whole.run_block({1000}));
  EXPECT_EQ(whole.result().status, Status::timed_out) << whole.result().error;
  EXPECT_TRUE(each.run_block({1000})) << each.result().error;
}

TEST_F(OwnTrialTest, its_cpu_time_is_that_of_all_its_processes_and_stands_still_between_blocks) {
  TrialProcess trial(own(), pool_assignment(2), interrupt_);
  EXPECT_EQ(trial.cpu_time(), Nanoseconds(0)) << "nothing is known of it yet";
  ASSERT_TRUE(trial.wait_until_ready()) << trial.result().error;
  const auto ready = trial.cpu_time();
  const auto block = trial.run_block({20'000});
  ASSERT_TRUE(block) << trial.result().error;
  const auto after = trial.cpu_time();
  EXPECT_GT(block->workers.cpu_ns, 0);
  EXPECT_GE(after - ready, Nanoseconds(block->workers.cpu_ns + block->submitter.cpu_ns));
  // Who has just answered has a few steps to go before it sleeps.
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  const auto at_rest = trial.cpu_time();
  EXPECT_LT(at_rest - after, std::chrono::milliseconds(20));
  std::this_thread::sleep_for(std::chrono::seconds(1));
  EXPECT_LT(trial.cpu_time() - at_rest, std::chrono::milliseconds(1));
}

TEST_F(OwnTrialTest, what_cannot_be_built_is_said) {
  auto nowhere = pool_assignment(2);
  nowhere.cpus = {1 << 20};
  TrialProcess trial(own(), nowhere, interrupt_);
  EXPECT_FALSE(trial.wait_until_ready());
  EXPECT_EQ(trial.result().status, Status::unsupported) << trial.result().error;
  EXPECT_NE(trial.result().error.find("placement free"), std::string::npos) << trial.result().error;
}

}  // namespace
}  // namespace mpmt::benchmarks
