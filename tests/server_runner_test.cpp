// Servers under a load generator as executors.
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "base/checked.hpp"
#include "base/process_tree.hpp"
#include "commands/runner.hpp"
#include "cpu_used.hpp"
#include "executors/linked_pool.hpp"
#include "footprint.hpp"
#include "in_child.hpp"
#include "runners.hpp"
#include "scratch_dir.hpp"

namespace mpmt::commands {
namespace {

using executors::Status;
using tests::comes_true;
using tests::soon;

TEST_F(Runners, a_server_is_ready_when_its_port_answers) {
  const auto server = start_server({.serve = forking_server(), .ready = port(), .load = client()}, soon());
  Histogram latency;
  const auto outcome = server->run({.tasks = 3, .latency = &latency}, soon());
  ASSERT_EQ(outcome.status, Status::ok) << outcome.error;
  EXPECT_EQ(outcome.block.tasks, 3U);
  EXPECT_EQ(outcome.block.sum, 3U);
  EXPECT_EQ(latency.count(), 3U);
  EXPECT_GT(outcome.block.submitter.cpu_ns, 0);
  ASSERT_TRUE(server->memory());
  EXPECT_GT(server->memory()->peak_bytes, 1'000'000U);
  EXPECT_FALSE(bound(port_));
  EXPECT_TRUE(server->shutdown(soon()));
  EXPECT_TRUE(bound(port_));
  EXPECT_TRUE(server->memory());
  EXPECT_EQ(server->run({.tasks = 1}, soon()).status, Status::error);
}

TEST_F(Runners, the_use_of_a_server_is_that_of_its_whole_tree_and_of_the_load_generators_nothing) {
  // Three connections of 50 ms each, in children that the server waits for. What it has waited for is known in ticks of
  // 10 ms.
  const auto server = start_server({.serve = forking_server(), .ready = port(), .load = client()}, soon());
  const auto outcome = server->run({.tasks = 3}, soon());
  ASSERT_EQ(outcome.status, Status::ok) << outcome.error;
  EXPECT_GE(outcome.block.workers.cpu_ns, 130'000'000);
  // Starting perl is all that a load generator does.
  EXPECT_LT(outcome.block.submitter.cpu_ns, 130'000'000);
}

TEST_F(Runners, what_orphans_of_a_server_have_used_is_counted) {
  // The server answers by letting an orphan of its own session work; the load is done when that has.
  const auto fifos = "mkfifo " + in_dir("ask") + " " + in_dir("answer");
  ASSERT_EQ(::system(fifos.c_str()), 0);
  // It may find that who asked last has not closed its end yet, and read nothing.
  std::ofstream(in_dir("serve")) << "while :; do read x < " << in_dir("ask")
                                 << " || continue; (setsid sh -c \"perl -e 'while ((times)[0] < 0.1) {}'; "
                                 << "exec true > " << in_dir("answer") << "\" &); done\n";
  const auto server = start_server({.serve = "sh " + in_dir("serve"),
                                    .ready = "true",
                                    .load = "echo go > " + in_dir("ask") + "; read x < " + in_dir("answer") + "; true"},
                                   soon());
  const auto outcome = server->run({.tasks = 1}, soon());
  ASSERT_EQ(outcome.status, Status::ok) << outcome.error;
  EXPECT_GE(outcome.block.workers.cpu_ns, 90'000'000);
}

TEST_F(Runners, a_server_is_ready_when_a_command_says_so) {
  // That fails twice first.
  std::ofstream(in_dir("ready")) << "echo x >> " << in_dir("notes") << "; test $(grep -c x " << in_dir("notes")
                                 << ") -eq 3";
  const auto server = start_server({.serve = "sleep 1000", .ready = "sh " + in_dir("ready"), .load = "true"}, soon());
  EXPECT_EQ(notes(), "x\nx\nx\n");
  EXPECT_EQ(server->run({.tasks = 1}, soon()).status, Status::ok);
}

TEST_F(Runners, a_server_that_ends_before_it_is_ready_says_what_it_said_last) {
  const auto error =
      start_failure(start_server, {.serve = "echo 'no luck' >&2; exit 3", .ready = port(), .load = "true"});
  EXPECT_TRUE(error.starts_with("--serve: not ready: 'echo 'no luck' >&2; exit 3' (pid ")) << error;
  EXPECT_NE(error.find("exited with 3: no luck"), std::string::npos) << error;
  const auto hangs = start_failure(start_server, {.serve = "false", .ready = "sleep 1000", .load = "true"});
  EXPECT_NE(hangs.find("exited with 1"), std::string::npos) << hangs;
  EXPECT_NE(
      start_failure(start_server, {.serve = "no-such-server", .ready = "true", .load = "true"}).find("no such program"),
      std::string::npos);
}

TEST_F(Runners, a_server_that_never_gets_ready_is_ended) {
  start_failure(start_server, {.serve = "sleep 1000", .ready = port(), .load = "true"},
                soon(std::chrono::milliseconds(300)), Status::timed_out);
  // Long enough to be asked once, also beside other tests.
  const auto error =
      start_failure(start_server, {.serve = "sleep 1000", .ready = "echo not yet >&2; exit 1", .load = "true"},
                    soon(std::chrono::seconds(3)), Status::timed_out);
  EXPECT_NE(error.find("not yet"), std::string::npos) << error;
}

TEST_F(Runners, a_port_that_is_taken_is_no_sign_of_a_server) {
  const auto listening = bound(port_);
  ASSERT_EQ(::listen(listening.get(), 1), 0);
  EXPECT_EQ(start_failure(start_server, {.serve = "sleep 1000", .ready = port(), .load = "true"}),
            "--ready: port " + port() + " is taken already, by another program");
}

TEST_F(Runners, a_server_that_is_not_described_is_refused) {
  for (const auto& config :
       {ServerConfig{.serve = "sleep 1000", .ready = "70000", .load = "true"},
        ServerConfig{.ready = "80", .load = "true"}, ServerConfig{.serve = "sleep 1000", .load = "true"},
        ServerConfig{.serve = "sleep 1000", .ready = "80"}}) {
    EXPECT_THROW(start_server(config, soon()), std::invalid_argument);
  }
}

TEST_F(Runners, a_server_that_ends_meanwhile_is_a_worker_that_died) {
  std::ofstream(in_dir("server")) << "echo $$ > " << in_dir("pid") << "; exec sleep 1000\n";
  const auto died = [&](const std::string& load, const std::string& how) {
    std::filesystem::remove(in_dir("pid"));
    const auto server =
        start_server({.serve = "sh " + in_dir("server"), .ready = "test -s " + in_dir("pid"), .load = load}, soon());
    const auto outcome = server->run({.tasks = 2}, soon());
    EXPECT_EQ(outcome.status, Status::worker_died) << outcome.error;
    EXPECT_TRUE(outcome.error.starts_with("the server 'sh ")) << outcome.error;
    EXPECT_TRUE(outcome.error.ends_with(how)) << outcome.error;
  };
  const auto kill = "kill -KILL $(cat " + in_dir("pid") + ")";
  died(kill + "; sleep 1000", " was killed by SIGKILL");
  died(kill + "; exit 1", " was killed by SIGKILL");
}

TEST_F(Runners, a_load_generator_that_fails_is_named) {
  const auto server = start_server({.serve = "sleep 1000", .ready = "true", .load = "echo oh >&2; exit 2"}, soon());
  const auto outcome = server->run({.tasks = 1}, soon());
  EXPECT_EQ(outcome.status, Status::error);
  EXPECT_EQ(outcome.error, "--load: 'echo oh >&2; exit 2' exited with 2: oh");
}

TEST_F(Runners, what_the_server_has_is_no_leftover_of_the_load_generator) {
  const auto server =
      start_server({.serve = "setsid sleep 1000 & setsid sleep 1001 & wait", .ready = "true", .load = "true"}, soon());
  ASSERT_TRUE(comes_true([] { return descendants_of(::getpid()).size() == 4U; })) << "keeper, shell and its two";
  EXPECT_EQ(server->run({.tasks = 3}, soon()).status, Status::ok);
  EXPECT_EQ(descendants_of(::getpid()).size(), 4U);
  EXPECT_TRUE(server->shutdown(soon())) << "those in other groups are asked as well";
}

TEST_F(Runners, a_server_is_asked_to_end_and_all_of_it_is_waited_for) {
  // A worker of its own that takes its time, while its parent ends at once.
  const auto serve = "(trap '" + noting("worker") + "; exit' TERM; touch " + in_dir("up") +
                     "; while :; do sleep 0.01; done) & trap '" + noting("server") +
                     "; exit' TERM; while :; do sleep 0.01; done";
  const auto server = start_server({.serve = serve, .ready = "test -e " + in_dir("up"), .load = "true"}, soon());
  EXPECT_TRUE(server->shutdown(soon()));
  EXPECT_TRUE(notes().find("worker") != std::string::npos && notes().find("server") != std::string::npos) << notes();
}

TEST_F(Runners, a_server_that_ignores_the_request_is_killed) {
  const auto server = start_server({.serve = "trap '' TERM; touch " + in_dir("up") + "; sleep 1000 & sleep 1000",
                                    .ready = "test -e " + in_dir("up"),
                                    .load = "true"},
                                   soon());
  EXPECT_THROW(server->shutdown(Clock::now() + std::chrono::milliseconds(200)), std::runtime_error);
}

TEST_F(Runners, a_server_may_say_as_much_as_it_likes) {
  const auto server = start_server(
      {.serve = "head -c 5000000 /dev/zero | tr '\\0' x >&2; touch " + in_dir("said") + "; exec sleep 1000",
       .ready = "test -e " + in_dir("said"),
       .load = "true"},
      soon());
  EXPECT_EQ(server->run({.tasks = 1}, soon()).status, Status::ok);
}

TEST_F(Runners, between_runs_nothing_of_ours_uses_a_cpu) {
  const auto server = start_server({.serve = "sleep 1000", .ready = "true", .load = "true"}, soon());
  const auto runner = start_command({.command = "true"}, soon());
  server->run({.tasks = 2}, soon());
  runner->run({.tasks = 2}, soon());
  std::set<pid_t> all{::getpid()};
  for (const pid_t process : descendants_of(::getpid())) all.insert(process);
  EXPECT_EQ(all.size(), 3U);
  EXPECT_LT(tests::cpu_used_by(all, std::chrono::milliseconds(300)), std::chrono::milliseconds(1));
}

TEST_F(Runners, a_server_whose_keeper_is_killed_goes_with_it) {
  const auto server =
      start_server({.serve = "setsid sleep 1000 & sleep 1000", .ready = "true", .load = "true"}, soon());
  const auto children = descendants_of(::getpid());
  ASSERT_FALSE(children.empty());
  ::kill(children.front(), SIGKILL);
  const auto outcome = server->run({.tasks = 1}, soon());
  EXPECT_EQ(outcome.status, Status::worker_died) << outcome.error;
  EXPECT_NE(outcome.error.find("was killed"), std::string::npos) << outcome.error;
}

TEST_F(Runners, commands_and_servers_end_with_the_process_that_runs_them) {
  const auto pid_file = in_dir("pids");
  {
    ChildProcess trial("trial", [&] {
      const auto server = start_server(
          {.serve = "echo $$ >> " + pid_file + "; exec sleep 1000", .ready = "test -s " + pid_file, .load = "true"},
          soon());
      const auto runner = start_command({.command = "true"}, soon());
      start_command({.command = "echo $$ >> " + pid_file + "; exec sleep 1000"}, soon());
    });
    std::istringstream lines;
    ASSERT_TRUE(comes_true([&] {
      lines = std::istringstream(contents("pids"));
      const auto text = lines.str();
      return std::count(text.begin(), text.end(), '\n') == 2;
    }));
    trial.kill(SIGKILL);
    ASSERT_TRUE(trial.reap(soon()));
    for (pid_t pid = 0; lines >> pid;) EXPECT_TRUE(comes_true([&] { return !tests::is_alive(pid); })) << pid;
  }
  // An adopter's, meanwhile.
  end_descendants(soon());
}

}  // namespace
}  // namespace mpmt::commands
