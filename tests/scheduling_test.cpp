// Leaving real-time classes.
#include "base/scheduling.hpp"

#include <gtest/gtest.h>
#include <sched.h>

#include <string>
#include <thread>
#include <vector>

namespace mpmt {
namespace {

struct Row {
  int policy;
  const char* name;
};

/// In a thread of its own: what was left, and the policies between and after; none when the class is not permitted.
std::vector<std::string> left_from(int policy) {
  std::vector<std::string> seen;
  std::thread([&] {
    const sched_param lowest{::sched_get_priority_min(policy & ~SCHED_RESET_ON_FORK)};
    if (::sched_setscheduler(0, policy, &lowest) != 0) return;
    seen.push_back(leave_real_time());
    seen.push_back(std::to_string(::sched_getscheduler(0)));
    seen.push_back(leave_real_time());
  }).join();
  return seen;
}

TEST(Scheduling, a_real_time_class_is_left_and_named) {
  for (const auto& [policy, name] : {Row{SCHED_FIFO, "SCHED_FIFO"}, Row{SCHED_RR, "SCHED_RR"}}) {
    const auto seen = left_from(policy);
    if (seen.empty()) GTEST_SKIP() << "no real-time class is permitted";
    EXPECT_EQ(seen, (std::vector<std::string>{name, std::to_string(SCHED_OTHER), ""}));
  }
}

TEST(Scheduling, what_children_are_to_be_spared_stays) {
  const auto seen = left_from(SCHED_FIFO | SCHED_RESET_ON_FORK);
  if (seen.empty()) GTEST_SKIP() << "no real-time class is permitted";
  EXPECT_EQ(seen, (std::vector<std::string>{"SCHED_FIFO", std::to_string(SCHED_OTHER | SCHED_RESET_ON_FORK), ""}));
}

TEST(Scheduling, every_other_class_is_kept) {
  for (const int policy : {SCHED_OTHER, SCHED_BATCH, SCHED_IDLE}) {
    EXPECT_EQ(left_from(policy), (std::vector<std::string>{"", std::to_string(policy), ""}));
  }
}

}  // namespace
}  // namespace mpmt
