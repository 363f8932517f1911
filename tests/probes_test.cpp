// Probes: all at once, none waited for in vain.
#include "benchmarks/host/probes.hpp"

#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>

#include "base/clock.hpp"
#include "base/cpus.hpp"
#include "base/shared_region.hpp"
#include "benchmarks/host/capacity.hpp"
#include "benchmarks/host/core_matrix.hpp"
#include "in_child.hpp"

namespace mpmt::benchmarks {
namespace {

using namespace std::chrono_literals;

constexpr int kNoCpu = 4000;
constexpr auto kPatience = 60s;  // nobody is ever to wait for so long

/// One on each CPU, or two on the only one.
std::vector<int> some_cpus() {
  auto cpus = usable_cpus().cpus;
  if (cpus.size() == 1) cpus.push_back(cpus.front());
  return cpus;
}

void wait_for_ever() {
  for (;;) ::pause();
}

class ProbesTest : public ::testing::Test {
 protected:
  /// Runs the body on some CPUs, one of which is waited for until the end of all patience if nobody ends it.
  ProbeEnd run(const std::function<void(std::size_t)>& body, std::chrono::milliseconds patience = kPatience) {
    return run_probes("a probe", some_cpus(), body, patience, interrupt_);
  }
  void TearDown() override {
    EXPECT_LT(since(start_), kPatience);
    EXPECT_EQ(tests::footprint_after(before_), before_);
  }

  Interrupt interrupt_;
  const tests::Footprint before_{};
  const Clock::time_point start_ = Clock::now();
};

TEST_F(ProbesTest, each_runs_on_its_cpu) {
  const auto cpus = some_cpus();
  const SharedRegion region(cpus.size() * sizeof(int));
  int* const seen = static_cast<int*>(region.data());
  const auto end = run([&](std::size_t probe) { seen[probe] = ::sched_getcpu() + 1; });
  EXPECT_TRUE(end.done) << end.why_not;
  for (std::size_t i = 0; i < cpus.size(); ++i) EXPECT_EQ(seen[i], cpus[i] + 1);
}

TEST_F(ProbesTest, they_begin_when_all_are_there) {
  const auto cpus = some_cpus();
  const SharedRegion region(cpus.size() * sizeof(Clock::rep));
  auto* const began = static_cast<Clock::rep*>(region.data());
  const auto before = Clock::now().time_since_epoch().count();
  EXPECT_TRUE(run([&](std::size_t probe) { began[probe] = Clock::now().time_since_epoch().count(); }).done);
  EXPECT_GE(*std::min_element(began, began + cpus.size()), before);
}

TEST_F(ProbesTest, one_that_dies_ends_the_turn_at_once) {
  const auto end = run([](std::size_t probe) {
    if (probe == 1) ::kill(::getpid(), SIGKILL);
    wait_for_ever();
  });
  EXPECT_FALSE(end.done);
  EXPECT_EQ(end.why_not, "a probe 1 killed by SIGKILL");
}

TEST_F(ProbesTest, what_one_fails_of_is_told_in_its_words) {
  const auto end = run([](std::size_t probe) {
    if (probe == 0) throw std::runtime_error("out of luck");
    wait_for_ever();
  });
  EXPECT_FALSE(end.done);
  EXPECT_EQ(end.why_not, "out of luck");
}

TEST_F(ProbesTest, a_cpu_that_cannot_be_had_is_named_before_any_has_begun) {
  const auto end = run_probes(
      "a probe", {usable_cpus().cpus.front(), kNoCpu}, [](std::size_t) { wait_for_ever(); }, kPatience, interrupt_);
  EXPECT_FALSE(end.done);
  EXPECT_NE(end.why_not.find("sched_setaffinity(CPU 4000)"), std::string::npos) << end.why_not;
}

TEST_F(ProbesTest, one_that_does_not_end_is_not_waited_for_beyond_all_patience) {
  const auto end = run([](std::size_t) { wait_for_ever(); }, 300ms);
  EXPECT_FALSE(end.done);
  EXPECT_EQ(end.why_not, "a probe 0: no end within 300 ms");
}

TEST_F(ProbesTest, an_interrupt_ends_them) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    ::signal(signal, SIG_DFL);  // it may have been ignored by who started this
    Interrupt interrupt;
    const auto interrupts = [signal, parent = ::getpid()](std::size_t probe) {
      if (probe == 0) ::kill(parent, signal);
      wait_for_ever();
    };
    const auto end = run_probes("a probe", some_cpus(), interrupts, kPatience, interrupt);
    EXPECT_FALSE(end.done);
    EXPECT_EQ(end.why_not, "");
    EXPECT_TRUE(interrupt.requested());
    EXPECT_TRUE(measure_capacity(some_cpus(), interrupt).points.empty()) << "begun after an interrupt";
  }
}

TEST_F(ProbesTest, capacity_is_measured_up_to_all_cpus) {
  const auto cpus = usable_cpus().cpus;
  const auto capacity = measure_capacity(cpus, interrupt_);
  EXPECT_EQ(capacity.why_unknown, "");
  ASSERT_FALSE(capacity.points.empty());
  EXPECT_EQ(capacity.points.front().workers, 1);
  EXPECT_EQ(capacity.points.front().capacity, 1);
  EXPECT_EQ(capacity.points.back().workers, static_cast<int>(cpus.size()));
  for (const auto& point : capacity.points) EXPECT_GT(point.capacity, 0);
}

TEST_F(ProbesTest, what_cannot_be_measured_is_unknown_and_why_is_said_once) {
  const int good = usable_cpus().cpus.front();
  const auto none = measure_capacity({kNoCpu}, interrupt_);
  EXPECT_TRUE(none.points.empty());
  EXPECT_NE(none.why_unknown.find("CPU 4000"), std::string::npos) << none.why_unknown;
  const auto some = measure_capacity({good, kNoCpu}, interrupt_);
  EXPECT_EQ(some.points.size(), 1U);
  EXPECT_NE(some.why_unknown.find("CPU 4000"), std::string::npos) << some.why_unknown;
  const auto matrix = measure_core_matrix({good, kNoCpu}, interrupt_);
  EXPECT_FALSE(matrix.complete());
  EXPECT_NE(matrix.why_unknown.find("CPU 4000"), std::string::npos) << matrix.why_unknown;
}

/// Puts the calling process into a real-time class, in which the kernel ends it when it spins.
void enter_real_time(int policy) {
  const rlimit spinning{3'000'000, 3'000'000};  // us
  tests::require(::setrlimit(RLIMIT_RTTIME, &spinning) == 0, "setrlimit");
  const sched_param lowest{::sched_get_priority_min(policy)};
  tests::require(::sched_setscheduler(0, policy, &lowest) == 0, "sched_setscheduler");
}

TEST_F(ProbesTest, under_a_real_time_class_they_are_in_none_and_end) {
  for (const int policy : {SCHED_FIFO, SCHED_RR}) {
    if (!tests::in_child([&] { enter_real_time(policy); }).empty()) GTEST_SKIP() << "no real-time class is permitted";
    const auto end = tests::in_child([&] {
      enter_real_time(policy);
      const SharedRegion region(sizeof(int));
      auto& seen = *static_cast<int*>(region.data());
      seen = -1;
      const auto first = run_probes(
          "a probe", some_cpus(), [&](std::size_t) { seen = ::sched_getscheduler(0); }, kPatience, interrupt_);
      tests::require(first.done && seen == SCHED_OTHER, text("policy ", seen, ' ', first.why_not));
      tests::require(!measure_capacity(some_cpus(), interrupt_).points.empty(), "no capacity");
      const auto cpus = usable_cpus().cpus;
      tests::require(measure_core_matrix(cpus, interrupt_).why_unknown.empty(), "no matrix");
    });
    EXPECT_EQ(end, "");
  }
}

}  // namespace
}  // namespace mpmt::benchmarks
