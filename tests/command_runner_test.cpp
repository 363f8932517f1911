// Commands as executors.
#include <gtest/gtest.h>

#include <fstream>

#include "base/checked.hpp"
#include "base/process_tree.hpp"
#include "commands/runner.hpp"
#include "footprint.hpp"
#include "runners.hpp"
#include "scratch_dir.hpp"

namespace mpmt::commands {
namespace {

using executors::Status;
using tests::soon;

TEST_F(Runners, a_task_is_an_execution_and_what_goes_with_it_is_run_in_order) {
  Histogram latency;
  const auto runner = start_command({.name = "notes",
                                     .command = noting("command"),
                                     .setup = noting("setup"),
                                     .prepare = noting("prepare"),
                                     .cleanup = noting("cleanup")},
                                    soon());
  EXPECT_EQ(notes(), "setup\nprepare\ncommand\n");
  const auto outcome = runner->run({.tasks = 2, .latency = &latency}, soon());
  ASSERT_EQ(outcome.status, Status::ok) << outcome.error;
  EXPECT_EQ(notes(), "setup\nprepare\ncommand\nprepare\ncommand\nprepare\ncommand\n");
  EXPECT_EQ(outcome.block.tasks, 2U);
  EXPECT_EQ(outcome.block.messages, 2U);
  EXPECT_EQ(outcome.block.sum, 2U);
  EXPECT_EQ(latency.count(), 2U);
  EXPECT_GE(static_cast<std::uint64_t>(outcome.block.wall_ns), latency.max());
  EXPECT_GT(outcome.block.workers.cpu_ns, 0);
  EXPECT_EQ(outcome.block.submitter.cpu_ns, 0);
  EXPECT_TRUE(runner->shutdown(soon()));
  EXPECT_TRUE(notes().ends_with("command\ncleanup\n")) << notes();
  EXPECT_TRUE(runner->shutdown(soon()));
  EXPECT_EQ(notes().find("cleanup"), notes().rfind("cleanup"));
  EXPECT_EQ(runner->run({.tasks = 1}, soon()).status, Status::error);
}

TEST_F(Runners, memory_is_known_after_the_start) {
  const auto runner =
      start_command({.command = "perl -e '$x = \"x\" x (50 << 20); select undef, undef, undef, 0.1'"}, soon());
  ASSERT_TRUE(runner->memory());
  EXPECT_GE(runner->memory()->peak_bytes, std::size_t{50} << 20);
}

TEST_F(Runners, the_option_at_fault_is_named) {
  EXPECT_EQ(start_failure(start_command, {.command = "true", .setup = "exit 1"}), "--setup: 'exit 1' exited with 1");
  EXPECT_EQ(start_failure(start_command, {.command = "true", .prepare = "echo no >&2; exit 2"}),
            "--prepare: 'echo no >&2; exit 2' exited with 2: no");
  EXPECT_EQ(start_failure(start_command, {.command = "no-such-program"}), "'no-such-program': no such program");
  const auto runner = start_command({.command = "true", .cleanup = "exit 3"}, soon());
  try {
    runner->shutdown(soon());
    FAIL() << "no word of it";
  } catch (const std::runtime_error& failure) {
    EXPECT_STREQ(failure.what(), "--cleanup: 'exit 3' exited with 3");
  }
}

TEST_F(Runners, what_was_set_up_is_cleaned_up_whatever_happens_and_nothing_else) {
  EXPECT_NE(start_failure(start_command, {.command = "false", .cleanup = noting("failed start")}), "started");
  EXPECT_NE(start_failure(start_command, {.command = "true", .setup = "false", .cleanup = noting("no set-up")}),
            "started");
  start_command({.command = "true", .cleanup = noting("destroyed")}, soon());
  const auto runner = start_command(
      {.command = noting("x") + "; test $(grep -c x " + in_dir("notes") + ") -lt 2", .cleanup = noting("failed run")},
      soon());
  EXPECT_EQ(runner->run({.tasks = 1}, soon()).status, Status::error);
  EXPECT_EQ(notes(), "failed start\ndestroyed\nx\nx\nfailed run\n");
}

TEST_F(Runners, one_that_hangs_is_ended_at_the_deadline_of_the_run) {
  const auto runner = start_command({.command = "if test -e " + in_dir("hang") + "; then sleep 1000; fi"}, soon());
  std::ofstream(in_dir("hang")) << "now";
  const auto outcome = runner->run({.tasks = 3}, Clock::now() + std::chrono::milliseconds(300));
  EXPECT_EQ(outcome.status, Status::timed_out);
  EXPECT_EQ(runner->run({.tasks = 1}, soon()).status, Status::error);
  EXPECT_TRUE(runner->shutdown(soon()));
}

}  // namespace
}  // namespace mpmt::commands
