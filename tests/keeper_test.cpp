// A trial's keeper, over trials that are shell scripts: this program is one, see trial_main.cpp.
#include "benchmarks/trial/keeper.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string>

#include "base/child_process.hpp"
#include "base/process_tree.hpp"
#include "base/text.hpp"
#include "benchmarks/trial/started_trial.hpp"
#include "footprint.hpp"

namespace mpmt::benchmarks {
namespace {

using tests::comes_true;
using tests::Footprint;
using tests::footprint_after;
using tests::is_alive;

/// Starts a daemon, says its process id, and goes on.
const std::string kDaemon = "setsid sh -c 'echo $$; exec >&- 2>&-; exec sleep 600' & ";

StartedTrial script(const std::string& text) {
  return start_kept_trial({"/bin/sh", "-c", text});
}

/// All that it says until it has said so many lines, or closes its output.
std::string said_by(const StartedTrial& trial, long lines = 1 << 20) {
  std::string said;
  const auto enough = [&] { return std::count(said.begin(), said.end(), '\n') >= lines; };
  for (const auto until = tests::soon(); !enough() && Clock::now() < until;) {
    pollfd wanted{trial.from.get(), POLLIN, 0};
    ::poll(&wanted, 1, 100);
    std::array<char, 4096> buffer;
    const auto count = ::read(trial.from.get(), buffer.data(), buffer.size());
    if (count == 0) return said;
    if (count > 0) said.append(buffer.data(), static_cast<std::size_t>(count));
  }
  EXPECT_TRUE(enough()) << "said only: " << said;
  return said;
}

pid_t said_pid(const StartedTrial& trial) {
  const auto said = said_by(trial, 1);
  return said.empty() ? -1 : std::stoi(said);
}

bool ends(const StartedTrial& trial) {
  pollfd ended{trial.pidfd().get(), POLLIN, 0};
  return ::poll(&ended, 1, 20'000) == 1;
}

/// How it ended by itself.
int status_of(StartedTrial trial) {
  EXPECT_TRUE(ends(trial));
  return trial.reap();
}

TEST(KeeperTest, ends_with_the_exit_code_of_its_trial) {
  const Footprint before;
  for (const int code : {0, 1, 3, 255}) {
    const int status = status_of(script(text("exit ", code)));
    EXPECT_TRUE(WIFEXITED(status)) << status;
    EXPECT_EQ(WEXITSTATUS(status), code);
  }
  EXPECT_EQ(footprint_after(before), before);
}

TEST(KeeperTest, ends_by_the_signal_that_ended_its_trial) {
  for (const char* const name : {"KILL", "SEGV", "TERM", "INT", "ABRT"}) {
    SCOPED_TRACE(name);
    const int status = status_of(script(text("kill -", name, " $$; sleep 600")));
    ASSERT_TRUE(WIFSIGNALED(status)) << status;
    EXPECT_EQ(text("SIG", name), text("SIG", ::sigabbrev_np(WTERMSIG(status))));
  }
}

TEST(KeeperTest, a_program_that_there_is_not_is_said_by_the_trial) {
  auto trial = start_kept_trial({"/no/such/program"});
  ASSERT_TRUE(ends(trial));
  std::array<char, 4096> said{};
  ASSERT_GT(::read(trial.errors.get(), said.data(), said.size() - 1), 0);
  EXPECT_EQ(std::string(said.data()), "/no/such/program cannot be started: No such file or directory\n");
  const int status = trial.reap();
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 127) << status;
}

TEST(KeeperTest, its_trial_has_the_streams_and_a_process_group_of_its_own) {
  auto trial =
      script("read line; echo \"$line\"; cut -d' ' -f1,5 /proc/self/stat >/dev/null; echo $$; ps -o pgid= -p $$");
  ASSERT_EQ(::write(trial.to.get(), "hello\n", 6), 6);
  const auto said = said_by(trial, 3);
  const auto first = said.find('\n');
  EXPECT_EQ(said.substr(0, first), "hello");
  const auto second = said.find('\n', first + 1);
  EXPECT_EQ(std::stoi(said.substr(first + 1)), std::stoi(said.substr(second + 1)));
  EXPECT_NE(std::stoi(said.substr(first + 1)), trial.pid());
}

TEST(KeeperTest, the_end_of_a_trials_output_is_seen_while_its_keeper_lives) {
  auto trial = script("exec >&- 2>&-; sleep 600");
  EXPECT_EQ(said_by(trial, 0), "");
  pollfd closed{trial.from.get(), POLLIN, 0};
  EXPECT_EQ(::poll(&closed, 1, 20'000), 1);
  char byte = 0;
  EXPECT_EQ(::read(trial.from.get(), &byte, 1), 0);
  EXPECT_TRUE(is_alive(trial.pid()));
}

TEST(KeeperTest, takes_daemons_with_it_when_its_trial_ends) {
  auto trial = script(kDaemon + "read line; exit 3");
  const pid_t daemon = said_pid(trial);
  EXPECT_TRUE(is_alive(daemon));
  trial.to.reset();
  const int status = status_of(std::move(trial));
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 3) << status;
  EXPECT_FALSE(is_alive(daemon)) << "its keeper ends last";
}

TEST(KeeperTest, takes_everything_with_it_when_it_is_reaped) {
  const Footprint before;
  pid_t daemon = -1;
  {
    const auto trial = script(kDaemon + "trap '' TERM INT HUP; sleep 600");
    daemon = said_pid(trial);
    EXPECT_TRUE(is_alive(daemon));
  }
  EXPECT_FALSE(is_alive(daemon));
  EXPECT_EQ(footprint_after(before), before);
}

TEST(KeeperTest, ends_everything_when_it_is_told_to) {
  const auto trial = script(kDaemon + "sleep 600");
  const pid_t daemon = said_pid(trial);
  ASSERT_EQ(::kill(trial.pid(), SIGTERM), 0);
  EXPECT_TRUE(ends(trial));
  EXPECT_FALSE(is_alive(daemon));
}

TEST(KeeperTest, one_that_is_killed_takes_its_trial_with_it) {
  const auto trial = script("echo $$; exec sleep 600");
  const pid_t kept = said_pid(trial);
  ASSERT_EQ(::kill(trial.pid(), SIGKILL), 0);
  EXPECT_TRUE(comes_true([&] { return !is_alive(kept); }));
}

TEST(KeeperTest, ends_everything_with_the_run) {
  int ends_of_pipe[2];
  ASSERT_EQ(::pipe(ends_of_pipe), 0);
  const Fd from(ends_of_pipe[0]);
  Fd to(ends_of_pipe[1]);
  ChildProcess run("the run", [&] {
    const auto trial = script(kDaemon + "sleep 600");
    const pid_t daemon = said_pid(trial);
    for (const pid_t pid : {trial.pid(), daemon}) {
      if (::write(to.get(), &pid, sizeof pid) != sizeof pid) ::_exit(1);
    }
    ::pause();
  });
  to.reset();
  pid_t keeper = -1;
  pid_t daemon = -1;
  ASSERT_EQ(::read(from.get(), &keeper, sizeof keeper), static_cast<ssize_t>(sizeof keeper));
  ASSERT_EQ(::read(from.get(), &daemon, sizeof daemon), static_cast<ssize_t>(sizeof daemon));
  EXPECT_TRUE(is_alive(keeper) && is_alive(daemon));
  run.kill(SIGKILL);
  ASSERT_TRUE(run.reap(tests::soon()));
  EXPECT_TRUE(comes_true([&] { return !is_alive(daemon) && !is_alive(keeper); }));
}

}  // namespace
}  // namespace mpmt::benchmarks
