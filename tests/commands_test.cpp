// Programs that know nothing of mpmt: how they are started, what they are charged for, and that nothing of them is
// left.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <vector>

#include "base/pipe.hpp"
#include "base/process_tree.hpp"
#include "commands/command.hpp"
#include "commands/words.hpp"
#include "footprint.hpp"
#include "in_child.hpp"
#include "scratch_dir.hpp"

namespace mpmt::commands {
namespace {

using executors::Status;
using tests::Footprint;
using tests::footprint_after;
using tests::ScratchDir;
using tests::soon;
using Strings = std::vector<std::string>;

std::string contents(const std::filesystem::path& path) {
  std::ostringstream all;
  all << std::ifstream(path).rdbuf();
  return all.str();
}

void make_program(const std::filesystem::path& path, const std::string& script) {
  std::ofstream(path) << script;
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
}

/// Within which a command gets to start, also beside other tests.
constexpr std::chrono::seconds kToStart{3};

/// Each test's commands leave nothing.
class Commands : public ::testing::Test {
 protected:
  Commands() { adopt_orphans(); }
  ~Commands() override { EXPECT_EQ(footprint_after(before_), before_); }

  /// The message of an execution that fails.
  static std::string error_of(const Command& command, Status wanted = Status::error) {
    const auto done = execute(command, soon());
    EXPECT_EQ(done.status, wanted) << done.error;
    return done.error;
  }
  static void expect_ok(const Command& command) {
    const auto done = execute(command, soon());
    EXPECT_EQ(done.status, Status::ok) << done.error;
  }
  std::string in_dir(const std::string& name) const { return (dir_.path() / name).string(); }

  const ScratchDir dir_;

 private:
  const Footprint before_{};
};

TEST(Words, plain_words_need_no_shell_and_quotes_are_those_of_a_shell) {
  const auto words = [](const char* text) { return words_of(text, Words::shell_unless_plain); };
  EXPECT_EQ(words("sort -k 2  file\t.txt\n"), (Strings{"sort", "-k", "2", "file", ".txt"}));
  EXPECT_EQ(words("echo 'a b' \"c d\" e\\ f ''"), (Strings{"echo", "a b", "c d", "e f", ""}));
  EXPECT_EQ(words("a'$x|'\"*;\"b"), (Strings{"a$x|*;b"}));
  EXPECT_EQ(words(R"(p "a\"b\n\\")"), (Strings{"p", R"(a"b\n\)"}));
  EXPECT_EQ(words("cc -O2 --name=x a#b"), (Strings{"cc", "-O2", "--name=x", "a#b"}));
  EXPECT_EQ(words("a \\\n b"), (Strings{"a", "b"}));
}

TEST(Words, whatever_means_more_to_a_shell_is_left_to_one) {
  for (const char* text :
       {"a | b",  "a; b",    "a && b",  "a > f", "a < f",      "echo $x",    "echo \"$x\"", "echo `x`",
        "ls *.c", "ls a?",   "ls [ab]", "X=1 a", "X= a",       "~/a",        "a #b",        "(a)",
        "! a",    "a {b,c}", "a\nb",    "a &",   "echo 'open", "echo \"open"}) {
    EXPECT_EQ(words_of(text, Words::shell_unless_plain), std::nullopt) << text;
  }
}

TEST(Words, without_a_shell_nothing_but_quotes_means_anything) {
  EXPECT_EQ(words_of("a | $b *.c \"$d\" X=1 'e f'", Words::words_only),
            (Strings{"a", "|", "$b", "*.c", "$d", "X=1", "e f"}));
  EXPECT_EQ(words_of("a 'open", Words::words_only), std::nullopt);
}

TEST_F(Commands, words_arrive_as_they_were_quoted) {
  make_program(in_dir("show"), "#!/bin/sh\nfor word; do printf '<%s>' \"$word\"; done >" + in_dir("seen") + "\n");
  expect_ok({in_dir("show") + " 'a  b' \"c'd\" e\\\"f ''"});
  EXPECT_EQ(contents(in_dir("seen")), "<a  b><c'd><e\"f><>");
  expect_ok({in_dir("show") + " $HOME *", "none"});
  EXPECT_EQ(contents(in_dir("seen")), "<$HOME><*>");
}

TEST_F(Commands, a_pipeline_and_assignments_go_to_a_shell) {
  expect_ok({"X=hello; printf \"$X\\nworld\\n\" | sort -r | head -1 > " + in_dir("seen")});
  EXPECT_EQ(contents(in_dir("seen")), "world\n");
  expect_ok({"# first a comment\ntest \"$(cat " + in_dir("seen") + ")\" = world # and one behind"});
}

TEST_F(Commands, the_shells_that_wait_do_what_others_do_as_well) {
  for (const char* shell : {"sh", "/bin/dash", "bash", "default"}) {
    expect_ok({"test $((1 + 1)) = 2 && ! test -e /dev/fd/8 && ! test -e /dev/fd/9", shell});
    EXPECT_EQ(error_of({"x=3; exit $x", shell}), "'x=3; exit $x' exited with 3");
    EXPECT_EQ(error_of({"kill -KILL $$", shell}), "'kill -KILL $$' was killed by SIGKILL");
  }
  EXPECT_FALSE(times_shell_start("default"));
  EXPECT_FALSE(times_shell_start("/usr/bin/zsh"));
  EXPECT_TRUE(times_shell_start("/usr/bin/fish"));
}

TEST_F(Commands, a_shell_of_another_kind_is_simply_given_the_command) {
  make_program(in_dir("fish"), "#!/bin/sh\nprintf '%s|' \"$@\" > " + in_dir("seen") + "\n");
  expect_ok({"let it be", in_dir("fish")});
  EXPECT_EQ(contents(in_dir("seen")), "-c|let it be|");
}

TEST_F(Commands, builtins_of_a_shell_that_are_no_programs_are_found) {
  expect_ok({"cd /"});
  EXPECT_EQ(error_of({"exit 4"}), "'exit 4' exited with 4");
}

TEST_F(Commands, a_failure_is_told_with_what_the_command_said_last) {
  EXPECT_EQ(error_of({"echo first >&2; echo 'at last' >&2; echo >&2; exit 3"}),
            "'echo first >&2; echo 'at last' >&2; echo >&2; exit 3' exited with 3: at last");
  const auto shown = error_of({"printf '\\033[31mred' >&2; exit 1"});
  EXPECT_EQ(shown.find('\033'), std::string::npos) << shown;
  EXPECT_EQ(error_of({"false"}), "'false' exited with 1");
  EXPECT_EQ(error_of({"kill -SEGV $$"}), "'kill -SEGV $$' was killed by SIGSEGV");
}

TEST_F(Commands, failures_can_be_ignored) {
  expect_ok({.text = "exit 3", .ignore_failure = true});
  expect_ok({.text = "kill -KILL $$", .ignore_failure = true});
  EXPECT_EQ(error_of({.text = "no-such-program", .ignore_failure = true}), "'no-such-program': no such program");
}

TEST_F(Commands, what_cannot_be_started_says_why) {
  EXPECT_EQ(error_of({"no-such-program -x"}), "'no-such-program -x': no such program");
  EXPECT_EQ(error_of({"/no/such/program"}), "'/no/such/program': no such program");
  EXPECT_EQ(error_of({"/etc/passwd"}), "'/etc/passwd': Permission denied");
  EXPECT_EQ(error_of({"true", "no-such-shell"}), "'true': shell 'no-such-shell': no such program");
  EXPECT_EQ(error_of({"true", "/no/sh"}), "'true': shell '/no/sh': no such program");
  EXPECT_EQ(error_of({"  "}), "'': no command");
  EXPECT_EQ(error_of({"echo 'open", "none"}), "'echo 'open': a quote is not closed");
  EXPECT_EQ(error_of({.text = "true", .input = "/no/file"}), "--input: '/no/file': No such file or directory");
}

TEST_F(Commands, a_script_without_a_first_line_is_read_by_a_shell) {
  make_program(in_dir("script"), "exit \"$1\"\n");
  EXPECT_EQ(error_of({in_dir("script") + " 5"}), "'" + in_dir("script") + " 5' exited with 5");
}

TEST_F(Commands, the_input_is_a_file_or_nothing) {
  std::ofstream(in_dir("input")) << "three\nlines\nhere\n";
  expect_ok({"sh -c 'test -z \"$(cat)\"'"});
  for (const char* shell : {"none", "sh"}) {
    expect_ok({.text = "sh -c 'test \"$(wc -l)\" -eq 3'", .shell = shell, .input = in_dir("input")});
  }
}

TEST_F(Commands, one_that_needs_a_terminal_finds_none_even_where_we_have_one) {
  const auto how = tests::in_child([] {
    adopt_orphans();
    ::signal(SIGHUP, SIG_IGN);  // the terminal hangs up in the end
    tests::require(::setsid() > 0, "a session");
    const Fd terminal(::posix_openpt(O_RDWR | O_NOCTTY));
    tests::require(::grantpt(terminal.get()) == 0 && ::unlockpt(terminal.get()) == 0, "a terminal");
    const Fd ours(::open(::ptsname(terminal.get()), O_RDWR));
    tests::require(Fd(::open("/dev/tty", O_RDWR)).get() >= 0, "it is ours");
    const auto done = execute({"read x < /dev/tty"}, soon());
    tests::require(done.status == Status::error, done.error);
    tests::require(done.error.find("/dev/tty") != std::string::npos, done.error);
  });
  EXPECT_EQ(how, "");
}

TEST_F(Commands, signals_do_what_they_do_by_default) {
  struct sigaction ignore {
  }, before{};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &ignore, &before);
  sigset_t blocked, mask;
  ::sigemptyset(&blocked);
  ::sigaddset(&blocked, SIGTERM);
  ::sigprocmask(SIG_BLOCK, &blocked, &mask);
  expect_ok({"grep -q 'SigBlk:.0000000000000000' /proc/self/status"});
  expect_ok({"grep -q 'SigIgn:.0000000000000000' /proc/self/status"});
  ::sigprocmask(SIG_SETMASK, &mask, nullptr);
  ::sigaction(SIGPIPE, &before, nullptr);
}

TEST_F(Commands, no_descriptor_of_ours_is_inherited) {
  const Fd forgotten(::dup(STDERR_FILENO));
  for (const char* shell : {"none", "sh", "bash"}) {
    expect_ok({"ls -l /proc/self/fd", shell});
    // 0 to 2, and that of the folder.
    expect_ok({"sh -c 'test \"$(ls /proc/self/fd | wc -l)\" -eq 4'", shell});
  }
}

TEST_F(Commands, a_flood_on_both_outputs_neither_blocks_nor_stays) {
  const auto done = execute({"head -c 20000000 /dev/zero | tr '\\0' x | tee /dev/stderr; exit 1"}, soon());
  EXPECT_EQ(done.status, Status::error);
  EXPECT_TRUE(done.error.ends_with("exited with 1: " + std::string(200, 'x'))) << done.error.substr(0, 400);
}

TEST_F(Commands, one_that_hangs_is_ended_at_the_deadline_with_all_below_it) {
  for (const char* text : {"sleep 1000", "sleep 1000 | sleep 1001", "setsid sleep 1000 & trap '' TERM; sleep 1001"}) {
    const auto done = execute({text}, soon(kToStart));
    EXPECT_EQ(done.status, Status::timed_out);
    EXPECT_TRUE(done.error.starts_with("'" + std::string(text) + "' was still running after ")) << done.error;
  }
}

TEST_F(Commands, a_shell_that_does_not_get_to_the_command_is_ended_at_the_deadline) {
  make_program(in_dir("sh"), "#!/bin/sh\nsleep 1000\n");
  const auto done = execute({"true", in_dir("sh")}, Clock::now() + std::chrono::milliseconds(300));
  EXPECT_EQ(done.status, Status::timed_out);
  EXPECT_EQ(done.error, "'true' did not get to start before the deadline");
}

TEST_F(Commands, a_shell_that_ends_before_the_command_is_a_failure) {
  make_program(in_dir("sh"), "#!/bin/sh\necho 'no mood' >&2\n");
  EXPECT_EQ(error_of({"true", in_dir("sh")}), "'true': shell '" + in_dir("sh") + "' ended before it began: no mood");
}

TEST_F(Commands, daemons_left_behind_are_named_and_ended) {
  for (const char* text : {"sleep 1000 & :", "setsid sleep 1000 & :", "(setsid sh -c 'sleep 1000' &) ; true"}) {
    const auto error = error_of({text});
    EXPECT_TRUE(error.starts_with("'" + std::string(text) + "' left processes behind: ")) << error;
    EXPECT_NE(error.find(" (pid "), std::string::npos) << error;
  }
}

TEST_F(Commands, who_is_on_its_way_out_when_the_command_ends_is_not_left_behind) {
  expect_ok({"sh -c 'read x; exit 0' < /dev/null & exit 0"});
}

TEST_F(Commands, children_from_before_are_left_alone) {
  const ChildProcess other("other", [] { ::pause(); });
  expect_ok({"true"});
  EXPECT_NE(error_of({"sleep 1000 &"}), "");
  EXPECT_TRUE(tests::is_alive(other.pid()));
}

TEST_F(Commands, one_may_remove_the_folder_it_is_in) {
  expect_ok({"mkdir " + in_dir("own") + " && cd " + in_dir("own") + " && rmdir " + in_dir("own")});
  EXPECT_FALSE(std::filesystem::exists(in_dir("own")));
}

TEST_F(Commands, what_a_descriptor_stands_for_ends_the_command_with_it) {
  Pipe pipe;
  pipe.write.reset();
  const auto done = execute({"sleep 1000"}, soon(), {.ends_with = pipe.read.get()});
  EXPECT_EQ(done.status, Status::worker_died);
}

/// A program that uses a CPU for so long, by its own clock.
std::string busy(int milliseconds) {
  return "perl -e 'while ((times)[0] + (times)[1] < " + std::to_string(milliseconds) + " / 1000) {}'";
}

TEST_F(Commands, use_is_that_of_the_whole_tree_also_of_daemons_that_have_ended) {
  const auto used = [](const std::string& command) {
    const auto done = execute({command}, soon());
    EXPECT_EQ(done.status, Status::ok) << done.error;
    return done.used.cpu_ns;
  };
  EXPECT_GE(used(busy(100)), 90'000'000);
  EXPECT_GE(used(busy(100) + " | " + busy(100)), 180'000'000);
  EXPECT_GE(used("sh -c \"sh -c \\\"" + std::string("perl -e 'while ((times)[0] < 0.1) {}'") + "\\\"; true\""),
            90'000'000);
  // Its parent has ended long before: it is waited for by a name in the file system.
  const auto fifo = in_dir("fifo");
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_GE(used("(setsid sh -c \"" + busy(100) + "; exec true > " + fifo + "\" &); read x < " + fifo + "; true"),
            90'000'000);
}

TEST_F(Commands, what_a_shell_does_before_the_command_is_neither_timed_nor_counted) {
  // A slow shell: it has used 200 ms of CPU time, and waited for a child that has, before it looks at the command.
  make_program(in_dir("sh"), "#!/bin/sh\n" + busy(200) + "\n" + "exec /bin/sh \"$@\"\n");
  make_program(in_dir("bash"), "#!/usr/bin/perl\nwhile ((times)[0] + (times)[1] < 0.2) {}\nexec '/bin/bash', @ARGV;\n");
  for (const char* shell : {"sh", "bash"}) {
    const auto start = Clock::now();
    const auto done = execute({"true", in_dir(shell)}, soon());
    ASSERT_EQ(done.status, Status::ok) << done.error;
    const auto all = since(start);
    EXPECT_GE(all, std::chrono::milliseconds(180));
    EXPECT_LT(done.wall, all - std::chrono::milliseconds(180));
    EXPECT_LT(done.used.cpu_ns, 100'000'000);
  }
}

TEST_F(Commands, memory_is_that_of_the_command_and_not_of_who_starts_it) {
  constexpr std::size_t bytes = std::size_t{150} << 20;
  std::vector<char> ours(bytes, 1);
  const auto memory_of = [](const std::string& command) {
    TreeMemory memory;
    const auto done = execute({command}, soon(), {.memory = &memory});
    EXPECT_EQ(done.status, Status::ok) << done.error;
    return memory.most().value_or(executors::Memory{});
  };
  const auto small = memory_of("sleep 0.05");
  EXPECT_GT(small.peak_bytes, 100'000U);
  EXPECT_LT(small.peak_bytes, std::size_t{30} << 20);
  const std::string touches = "perl -e '$x = \"x\" x (50 << 20); select undef, undef, undef, 0.1'";
  const auto large = memory_of(touches);
  EXPECT_GE(large.peak_bytes, std::size_t{50} << 20);
  EXPECT_GE(large.pss_bytes, std::size_t{50} << 20);
  EXPECT_LT(large.peak_bytes, std::size_t{130} << 20);
  const auto twice = memory_of(touches + " & " + touches + " & wait");
  EXPECT_GE(twice.peak_bytes, std::size_t{100} << 20);
  EXPECT_EQ(ours[bytes / 2], 1);
}

TEST_F(Commands, a_command_in_a_message_is_no_longer_than_a_line) {
  const auto error = error_of({"false " + std::string(5000, 'x')});
  EXPECT_LT(error.size(), 200U);
}

}  // namespace
}  // namespace mpmt::commands
