// The run's side of the trial protocol against trials that behave, badly for the most part: small shell scripts.
#include "benchmarks/trial/trial_process.hpp"
#include "benchmarks/case/names.hpp"

#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>
#include <memory>
#include <string>

#include "base/text.hpp"
#include "footprint.hpp"
#include "scratch_dir.hpp"

namespace mpmt::benchmarks {
namespace {

using executors::Status;
using tests::comes_true;
using tests::Footprint;
using tests::footprint_after;
using tests::is_alive;

const std::string kReady = R"({"type": "ready", "startup_ns": 17, "workers": [], "surroundings": {"a": "b"}})";
const std::string kBlock =
    R"({"type": "block", "tasks": 3, "messages": 3, "wall_ns": 5, "checksum": "0x00000000000000ff",)"
    R"( "cpu_ns": {"submitter": 1, "workers": 2}, "context_switches": {"voluntary": 0, "involuntary": 0},)"
    R"( "page_faults": {"minor": 0, "major": 0}})";
const std::string kDone =
    R"({"type": "done", "shutdown_ns": 9, "latency_ns": {"count": 3, "max": 5, "histogram": [[4, 2], [5, 1]]},)"
    R"( "workers": []})";

std::string say(const std::string& line) {
  return "printf '%s\\n' '" + line + "'; ";
}
/// What a good trial does, in steps.
const std::string kGetReady = "read assignment; " + say(kReady);
const std::string kRunBlock = "read request; " + say(kBlock);
const std::string kEnd = "read request; " + say(kDone);

class TrialProcessTest : public ::testing::Test {
 protected:
  /// The whole conversation with a trial that is this script; nothing of it is left afterwards.
  TrialResult converse(const std::string& script, int blocks = 1, double deadline_s = 20) {
    const Footprint before;
    TrialResult result;
    blocks_.clear();
    {
      TrialProcess trial(shell(script), assignment(deadline_s), interrupt_);
      trial.wait_until_ready();
      for (int block = 0; block < blocks; ++block) {
        if (const auto ran = trial.run_block({3})) blocks_.push_back(*ran);
      }
      trial.end();
      EXPECT_EQ(trial.failed(), trial.result().status != Status::ok);
      result = trial.result();
    }
    EXPECT_EQ(footprint_after(before), before);
    return result;
  }

  /// What goes wrong with this script has this status, and an error that says all of `parts`.
  void expect(Status status, const std::string& script, const std::vector<std::string>& parts, int blocks = 1) {
    SCOPED_TRACE(script);
    const auto result = converse(script, blocks);
    EXPECT_EQ(result.status, status) << text_of(result.status);
    for (const auto& part : parts) EXPECT_NE(result.error.find(part), std::string::npos) << result.error;
    EXPECT_EQ(result.error.find('\n'), std::string::npos) << result.error;
  }

  /// Is silent after these steps: ended soon after the deadline, and called late.
  void expect_late(const std::string& steps) {
    SCOPED_TRACE(steps);
    const auto start = Clock::now();
    const auto result = converse(steps + "exec sleep 1000", 1, 0.2);
    EXPECT_EQ(result.status, Status::timed_out) << text_of(result.status) << ' ' << result.error;
    EXPECT_NE(result.error.find("0.2 s"), std::string::npos) << result.error;
    EXPECT_GE(since(start), std::chrono::milliseconds(200));
  }

  static StartedTrial shell(const std::string& script) { return start_kept_trial({"/bin/sh", "-c", script}); }

  static Assignment assignment(double deadline_s) {
    Assignment made;
    made.measured.workload = "empty";
    made.measured.executor = "serial";
    made.tasks = 3;
    made.deadline_s = deadline_s;
    return made;
  }

  Interrupt interrupt_;
  std::vector<executors::Block> blocks_;  ///< of the last conversation
};

TEST_F(TrialProcessTest, a_good_trial_is_taken_down_in_full) {
  const auto result = converse(kGetReady + kRunBlock + kRunBlock + kEnd, 2);
  EXPECT_EQ(result.status, Status::ok) << result.error;
  EXPECT_EQ(result.error, "");
  EXPECT_FALSE(result.interrupted);
  EXPECT_EQ(result.startup_ns, 17);
  EXPECT_EQ(result.shutdown_ns, 9);
  EXPECT_EQ(result.surroundings.at("a"), "b");
  ASSERT_EQ(blocks_.size(), 2U);
  EXPECT_EQ(blocks_[1].sum, 0xffU);
  EXPECT_EQ(blocks_[1].wall_ns, 5);
  EXPECT_EQ(result.latency.count(), 3U);
  EXPECT_EQ(result.latency.max(), 5U);
}

TEST_F(TrialProcessTest, the_trial_gets_its_assignment_and_requests_a_line_each) {
  const tests::ScratchDir dir;
  const auto heard = (dir.path() / "heard").string();
  converse("read line; echo \"$line\" >>" + heard + "; " + say(kReady) + "read line; echo \"$line\" >>" + heard + "; " +
           say(kBlock) + "read line; echo \"$line\" >>" + heard + "; " + say(kDone));
  std::ifstream in(heard);
  std::vector<Json> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(Json::parse(line));
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(lines[0], to_json(assignment(20)));
  EXPECT_EQ(lines[1], to_json(Order{3}));
  EXPECT_EQ(lines[2], Json({{"type", "end"}}));
}

TEST_F(TrialProcessTest, a_trial_that_takes_its_time_is_waited_for) {
  const std::string pause = "sleep 0.05; ";
  const auto result = converse(pause + kGetReady + pause + kRunBlock + pause + kEnd + pause);
  EXPECT_EQ(result.status, Status::ok) << result.error;
}

TEST_F(TrialProcessTest, a_line_may_come_in_pieces) {
  const auto half = kReady.size() / 2;
  const auto result = converse("read assignment; printf '%s' '" + kReady.substr(0, half) +
                               "'; sleep 0.05; printf '%s\\n' '" + kReady.substr(half) + "'; " + kRunBlock + kEnd);
  EXPECT_EQ(result.status, Status::ok) << result.error;
}

TEST_F(TrialProcessTest, a_silent_trial_is_timed_out_wherever_it_falls_silent) {
  expect_late("");
  expect_late(kGetReady);
  expect_late(kGetReady + kRunBlock);
}

TEST_F(TrialProcessTest, a_trial_that_says_done_and_stays_is_timed_out) {
  expect_late(kGetReady + kRunBlock + kEnd);
}

TEST_F(TrialProcessTest, the_deadline_holds_for_each_answer_and_not_for_all_together) {
  const std::string pause = "sleep 1.2; ";  // three of them are more than a deadline and all of kGrace
  const auto result = converse(kGetReady + "read request; " + pause + say(kBlock) + "read request; " + pause +
                                   say(kBlock) + "read request; " + pause + say(kDone),
                               2, 3);
  EXPECT_EQ(result.status, Status::ok) << result.error;
}

TEST_F(TrialProcessTest, a_stopped_trial_is_timed_out) {
  expect_late(kGetReady + "kill -STOP $$; ");
}

TEST_F(TrialProcessTest, a_trial_that_talks_without_end_is_timed_out) {
  expect_late("while :; do echo noise >&2; done & ");
}

TEST_F(TrialProcessTest, garbage_is_an_error_that_quotes_it) {
  expect(Status::error, "read assignment; echo hello; exec sleep 1000", {"'hello'", "'ready'"});
  expect(Status::error, kGetReady + "read request; echo '[1, 2]'; exec sleep 1000", {"'[1, 2]'", "'block'"});
  expect(Status::error, kGetReady + kRunBlock + "read request; echo '{\"type\": 3}'; exec sleep 1000", {"'done'"});
  expect(Status::error, "read assignment; echo; exec sleep 1000", {"'ready'"});
  expect(Status::error, "read assignment; printf '\\377\\376\\n'; exec sleep 1000", {"'ready'"});
}

TEST_F(TrialProcessTest, the_wrong_order_is_an_error) {
  expect(Status::error, "read assignment; " + say(kBlock) + "exec sleep 1000", {"\"block\"", "'ready'"});
  expect(Status::error, kGetReady + "read request; " + say(kDone) + "exec sleep 1000", {"\"done\"", "'block'"});
  expect(Status::error, kGetReady + kRunBlock + "read request; " + say(kBlock) + "exec sleep 1000", {"'done'"});
}

TEST_F(TrialProcessTest, a_field_that_is_missing_or_wrong_is_an_error_that_names_the_message) {
  expect(Status::error, "read assignment; echo '{\"type\": \"ready\"}'; exec sleep 1000", {"'ready'", "startup_ns"});
  expect(Status::error, kGetReady + "read request; echo '{\"type\": \"block\", \"tasks\": \"many\"}'; exec sleep 1000",
         {"'block'"});
  auto no_time = kBlock;
  no_time.replace(no_time.find("\"wall_ns\": 5"), 12, "\"wall_ns\": 0");
  expect(Status::error, kGetReady + "read request; " + say(no_time) + "exec sleep 1000", {"'block'", "duration"});
}

/// A block of as many tasks with this sum.
std::string block_of(int tasks, const std::string& sum) {
  auto block = kBlock;
  block.replace(block.find("\"tasks\": 3"), 10, text("\"tasks\": ", tasks));
  block.replace(block.find("00000000000000ff"), 16, std::string(16 - sum.size(), '0') + sum);
  return say(block);
}

TEST_F(TrialProcessTest, a_block_of_other_tasks_than_ordered_is_an_error) {
  expect(Status::error, kGetReady + "read request; " + block_of(4, "ff") + "exec sleep 1000", {"4 tasks instead of 3"});
}

TEST_F(TrialProcessTest, blocks_of_equal_tasks_with_other_sums_are_wrong) {
  expect(Status::wrong_checksum, kGetReady + kRunBlock + "read request; " + block_of(3, "fe") + "exec sleep 1000",
         {"0x00000000000000ff", "0x00000000000000fe"}, 2);
}

TEST_F(TrialProcessTest, blocks_of_other_tasks_may_have_other_sums) {
  TrialProcess trial(shell(kGetReady + kRunBlock + "read request; " + block_of(5, "77") + kRunBlock + "read request; " +
                           block_of(5, "77") + kEnd),
                     assignment(20), interrupt_);
  ASSERT_TRUE(trial.wait_until_ready()) << trial.result().error;
  for (const std::uint64_t tasks : {3, 5, 3, 5}) {
    const auto block = trial.run_block({tasks});
    ASSERT_TRUE(block) << trial.result().error;
    EXPECT_EQ(block->sum, tasks == 3 ? 0xffU : 0x77U);
  }
  trial.end();
  EXPECT_EQ(trial.result().status, Status::ok) << trial.result().error;
}

TEST_F(TrialProcessTest, several_are_told_to_end_before_any_is_waited_for) {
  const tests::ScratchDir dir;
  const auto mark = [&](int i) { return (dir.path() / text("told-", i)).string(); };
  std::vector<std::unique_ptr<TrialProcess>> trials;
  // Each says that it has been told, and ends when the other has been told as well.
  for (const int i : {0, 1}) {
    const auto script = kGetReady + "read request; : >" + mark(i) + "; while [ ! -e " + mark(1 - i) +
                        " ]; do sleep 0.01; done; " + say(kDone);
    trials.push_back(std::make_unique<TrialProcess>(shell(script), assignment(20), interrupt_));
  }
  for (const auto& trial : trials) ASSERT_TRUE(trial->wait_until_ready()) << trial->result().error;
  for (const auto& trial : trials) trial->tell_to_end();
  for (const auto& trial : trials) {
    trial->tell_to_end();  // it has been told
    trial->end();
    EXPECT_EQ(trial->result().status, Status::ok) << trial->result().error;
    EXPECT_EQ(trial->result().shutdown_ns, 9);
  }
}

TEST_F(TrialProcessTest, a_histogram_that_contradicts_itself_is_an_error) {
  auto wrong = kDone;
  wrong.replace(wrong.find("\"count\": 3"), 10, "\"count\": 4");
  expect(Status::error, kGetReady + kRunBlock + "read request; " + say(wrong) + "exec sleep 1000", {"histogram"});
  wrong = kDone;
  wrong.replace(wrong.find("\"max\": 5"), 8, "\"max\": 1");
  expect(Status::error, kGetReady + kRunBlock + "read request; " + say(wrong) + "exec sleep 1000", {"histogram"});
}

TEST_F(TrialProcessTest, what_a_trial_says_of_its_failure_is_kept) {
  const auto failed = [](const std::string& status) {
    return say(R"({"type": "failed", "status": ")" + status + R"(", "error": "because 42"})");
  };
  expect(Status::unsupported, "read assignment; " + failed("unsupported"), {"because 42"});
  expect(Status::worker_died, kGetReady + "read request; " + failed("worker_died"), {"because 42"});
  expect(Status::wrong_checksum, kGetReady + kRunBlock + "read request; " + failed("wrong_checksum"), {"because 42"});
}

TEST_F(TrialProcessTest, a_failure_with_a_status_that_is_none_is_an_error) {
  for (const auto* status : {"ok", "disturbed", "splendid"}) {
    expect(Status::error, "read assignment; " + say(text(R"({"type": "failed", "status": ")", status, R"("})")), {});
  }
  expect(Status::error, "read assignment; " + say(R"({"type": "failed", "status": 3})"), {});
  expect(Status::error, "read assignment; " + say(R"({"type": "failed"})"), {"no reason given"});
}

TEST_F(TrialProcessTest, a_trial_that_dies_is_named_with_its_end_and_its_last_words) {
  expect(Status::worker_died, "echo first >&2; echo 'no such device' >&2; exit 3", {"exited with 3", "no such device"});
  expect(Status::worker_died, kGetReady + "exit 4", {"exited with 4"});
  expect(Status::worker_died, kGetReady + "read request; kill -KILL $$", {"killed by SIGKILL"});
  expect(Status::worker_died, kGetReady + kRunBlock + "kill -SEGV $$", {"killed by SIGSEGV"});
  expect(Status::worker_died, kGetReady + kRunBlock + kEnd + "exit 5", {"exited with 5"});
  expect(Status::worker_died, "exit 0", {"exited with 0"});
}

TEST_F(TrialProcessTest, half_a_line_and_an_end_is_a_death) {
  expect(Status::worker_died, "read assignment; printf '{\"type\": \"rea'; exit 6", {"exited with 6"});
}

TEST_F(TrialProcessTest, a_trial_that_closes_its_output_and_stays_is_called_so) {
  expect(Status::worker_died, "read assignment; exec >&-; exec sleep 1000", {"closed its output"});
}

TEST_F(TrialProcessTest, a_line_without_end_is_an_error_before_memory_is_full) {
  expect(Status::error, "read assignment; head -c 40000000 /dev/zero | tr '\\0' x; exec sleep 1000", {"16 MiB"});
}

TEST_F(TrialProcessTest, a_program_that_cannot_be_started_is_named) {
  const Footprint before;
  {
    TrialProcess trial(start_kept_trial({"/no/such/program"}), assignment(1), interrupt_);
    EXPECT_FALSE(trial.wait_until_ready());
    EXPECT_NE(trial.result().error.find("/no/such/program"), std::string::npos) << trial.result().error;
  }
  EXPECT_EQ(footprint_after(before), before);
}

TEST_F(TrialProcessTest, the_children_of_a_trial_go_with_it) {
  for (const std::string end : {"exit 0", "exec sleep 1000", "kill -KILL $$"}) {
    const tests::ScratchDir dir;
    const auto file = dir.path() / "pid";
    {
      TrialProcess trial(shell("sleep 1000 >/dev/null 2>&1 & echo $! >" + file.string() + "; " + kGetReady + end),
                         assignment(20), interrupt_);
      ASSERT_TRUE(trial.wait_until_ready()) << trial.result().error;
    }
    pid_t child = 0;
    std::ifstream(file) >> child;
    ASSERT_GT(child, 0);
    EXPECT_TRUE(comes_true([&] { return !is_alive(child); })) << end;
  }
}

TEST_F(TrialProcessTest, an_interruption_ends_the_trial_and_is_no_result) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    Interrupt interrupt;
    TrialProcess trial(shell(kGetReady + "exec sleep 1000"), assignment(20), interrupt);
    ASSERT_TRUE(trial.wait_until_ready());
    ::raise(signal);
    EXPECT_FALSE(trial.run_block({3}));
    EXPECT_TRUE(trial.result().interrupted);
    EXPECT_TRUE(trial.failed());
  }
}

}  // namespace
}  // namespace mpmt::benchmarks
