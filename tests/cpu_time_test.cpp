// CPU time of other processes.
#include "base/cpu_time.hpp"

#include <gtest/gtest.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <thread>

#include "base/child_process.hpp"
#include "footprint.hpp"

namespace mpmt {
namespace {

using tests::comes_true;
using tests::soon;

TEST(CpuTime, of_who_computes_it_grows) {
  ChildProcess busy("busy", [] {
    for (;;) {
    }
  });
  const auto used = [&] { return cpu_time_of(busy.pid()).value_or(Nanoseconds(0)); };
  EXPECT_TRUE(comes_true([&] { return used() > std::chrono::milliseconds(20); }));
  const auto before = used();
  EXPECT_TRUE(comes_true([&] { return used() >= before + std::chrono::milliseconds(5); }));
}

TEST(CpuTime, tells_less_than_a_tick) {
  const auto before = cpu_time_of(::getpid()).value();
  Nanoseconds after = before;
  EXPECT_TRUE(comes_true([&] { return (after = cpu_time_of(::getpid()).value()) > before; }));
  EXPECT_LT(after - before, std::chrono::milliseconds(10));
}

TEST(CpuTime, threads_that_have_ended_count) {
  const auto own = [] { return cpu_time_of(::getpid()).value(); };
  const auto before = own();
  Nanoseconds of_thread{0};
  std::thread([&] {
    timespec used{};
    do {
      ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
      of_thread = std::chrono::seconds(used.tv_sec) + Nanoseconds(used.tv_nsec);
    } while (of_thread < std::chrono::milliseconds(20));
  }).join();
  EXPECT_GE(own() - before, of_thread);
}

TEST(CpuTime, of_a_process_that_has_gone_there_is_none) {
  ChildProcess child("child", [] {});
  const auto pid = child.pid();
  ASSERT_TRUE(child.reap(soon()));
  EXPECT_EQ(cpu_time_of(pid), std::nullopt);
  EXPECT_TRUE(children_of(pid).empty());
}

TEST(CpuTime, the_children_of_a_process_are_those_that_live) {
  {
    const ChildProcess probe("probe", [] { ::pause(); });
    if (children_of(::getpid()).empty()) GTEST_SKIP() << "this kernel does not tell";
  }
  EXPECT_TRUE(children_of(::getpid()).empty());
  auto first = std::make_unique<ChildProcess>("first", [] { ::pause(); });
  const ChildProcess second("second", [] { ::pause(); });
  auto found = children_of(::getpid());
  std::sort(found.begin(), found.end());
  std::vector<pid_t> wanted{first->pid(), second.pid()};
  std::sort(wanted.begin(), wanted.end());
  EXPECT_EQ(found, wanted);
  first.reset();
  EXPECT_EQ(children_of(::getpid()), std::vector<pid_t>{second.pid()});
}

}  // namespace
}  // namespace mpmt
