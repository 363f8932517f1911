// The processes below one: found, adopted, ended.
#include "base/process_tree.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <thread>

#include "base/checked.hpp"
#include "base/pipe.hpp"
#include "footprint.hpp"
#include "in_child.hpp"

namespace mpmt {
namespace {

using tests::comes_true;
using tests::has_children;
using tests::in_child;
using tests::is_alive;
using tests::require;
using tests::soon;

/// Forks a process that runs `body` and then waits to be killed.
pid_t forked(const std::function<void()>& body = [] {}) {
  const pid_t pid = checked([] { return ::fork(); }, "fork");
  if (pid != 0) return pid;
  body();
  for (;;) ::pause();
}

bool contains(const std::vector<pid_t>& all, pid_t one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

/// A process id that another process tells, over a pipe made before its fork.
struct Told {
  Pipe pipe;
  void tell(pid_t pid) {
    checked([&] { return ::write(pipe.write.get(), &pid, sizeof pid); }, "write");
  }
  pid_t hear() {
    pid_t pid = 0;
    checked([&] { return ::read(pipe.read.get(), &pid, sizeof pid); }, "read");
    return pid;
  }
};

TEST(ProcessTree, descendants_are_children_and_theirs_of_all_threads) {
  EXPECT_EQ(in_child([] {
              Told told;
              const pid_t child = forked([&] { told.tell(forked()); });
              const pid_t grandchild = told.hear();
              Told from_thread;
              Pipe end;
              std::thread thread([&] {
                from_thread.tell(forked());
                char byte;
                [[maybe_unused]] const auto ended = ::read(end.read.get(), &byte, 1);
              });
              const pid_t of_thread = from_thread.hear();
              const auto all = descendants_of(::getpid());
              require(all.size() == 3, "three");
              for (const pid_t one : {child, grandchild, of_thread}) require(contains(all, one), text(one));
              require(descendants_of(child) == std::vector{grandchild}, "one below the child");
              require(descendants_of(grandchild).empty(), "none below the grandchild");
              require(end_descendants(soon()).size() == 2 || !has_children(), "all were ended");
              [[maybe_unused]] const auto count = ::write(end.write.get(), "x", 1);
              thread.join();
            }),
            "");
}

TEST(ProcessTree, orphans_come_to_who_adopts_them_also_those_with_a_session_of_their_own) {
  EXPECT_EQ(in_child([] {
              adopt_orphans();
              Told told;
              const pid_t child = ::fork();
              if (child == 0) {
                told.tell(forked([] { ::setsid(); }));
                ::_exit(0);
              }
              const pid_t daemon = told.hear();
              ::waitpid(child, nullptr, 0);
              require(descendants_of(::getpid()) == std::vector{daemon}, "the daemon has become a child");
              const auto name = name_of(daemon);
              require(name.ends_with(text(" (pid ", daemon, ")")), name);
              require(end_descendants(soon()) == std::vector{name}, "it is named");
              require(!has_children() && !is_alive(daemon), "it has gone");
            }),
            "");
}

TEST(ProcessTree, those_that_have_ended_are_reaped_and_not_named) {
  EXPECT_EQ(in_child([] {
              const pid_t child = ::fork();
              if (child == 0) ::_exit(0);
              require(comes_true([&] { return !is_running(child); }), "it ends");
              require(end_descendants(soon()).empty(), "none was running");
              require(!has_children(), "it is reaped");
            }),
            "");
}

TEST(ProcessTree, processes_that_keep_forking_are_ended_as_well) {
  EXPECT_EQ(in_child([] {
              adopt_orphans();
              // Each forks its successor and ends, as fast as it can.
              if (::fork() == 0) {
                for (;;) {
                  if (::fork() > 0) ::_exit(0);
                }
              }
              end_descendants(soon());
              require(!has_children(), "none is left");
            }),
            "");
}

TEST(ProcessTree, offspring_leaves_earlier_children_alone_and_counts_what_the_others_used) {
  EXPECT_EQ(in_child([] {
              adopt_orphans();
              const pid_t before = forked();
              {
                Offspring offspring;
                const pid_t busy = ::fork();
                if (busy == 0) {
                  while (thread_cpu_time() < std::chrono::milliseconds(20)) {
                  }
                  ::_exit(3);
                }
                std::optional<ChildEnd> end;
                require(comes_true([&] { return (end = offspring.try_reap(busy)).has_value(); }), "an end");
                require(end->describe() == "exited with 3", end->describe());
                require(offspring.used().cpu_ns >= 20'000'000, text(offspring.used().cpu_ns, " ns"));
                const pid_t sleeping = forked();
                require(offspring.running() == std::vector{sleeping}, "only its own");
              }
              require(descendants_of(::getpid()) == std::vector{before}, "the destructor ends its own");
              require(is_alive(before), "and no other");
              end_descendants(soon());
            }),
            "");
}

TEST(ProcessTree, of_a_process_that_has_gone_nothing_is_told) {
  pid_t gone = 0;
  {
    const ChildProcess child("child", [] {});
    gone = child.pid();
  }
  EXPECT_TRUE(descendants_of(gone).empty());
  EXPECT_FALSE(is_running(gone));
}

}  // namespace
}  // namespace mpmt
