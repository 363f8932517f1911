#include "base/allowance.hpp"

#include <gtest/gtest.h>

namespace mpmt {
namespace {

using namespace std::chrono_literals;

/// An allowance on a clock that stands until the test moves it.
class AllowanceTest : public ::testing::Test {
 protected:
  void pass(Nanoseconds time) {
    now_ += time;
    allowance_.charge();
  }

  Clock::time_point now_{1000s};
  Allowance allowance_{1s, [this] { return now_; }};
};

TEST_F(AllowanceTest, is_spent_by_the_time_that_passes) {
  for (int i = 0; i < 9; ++i) pass(100ms);
  EXPECT_FALSE(allowance_.spent());
  EXPECT_EQ(allowance_.slice(), 100ms);
  pass(100ms);
  EXPECT_TRUE(allowance_.spent());
  EXPECT_EQ(allowance_.slice(), 0ms);
  EXPECT_EQ(allowance_.stood_still(), 0s);
}

TEST_F(AllowanceTest, a_slice_is_all_that_a_standstill_costs) {
  pass(3h);
  EXPECT_FALSE(allowance_.spent());
  EXPECT_EQ(allowance_.stood_still(), 3h - Allowance::kSlice);
  pass(1h);
  pass(1h);
  EXPECT_FALSE(allowance_.spent());
  pass(Allowance::kSlice);
  EXPECT_TRUE(allowance_.spent());
}

TEST_F(AllowanceTest, delays_on_a_busy_machine_are_no_standstill) {
  pass(Allowance::kSlice + Allowance::kNoticed - 1ms);
  EXPECT_EQ(allowance_.stood_still(), 0s);
  pass(Allowance::kSlice + Allowance::kNoticed);
  EXPECT_EQ(allowance_.stood_still(), Allowance::kNoticed);
}

TEST_F(AllowanceTest, without_anything_left_a_poll_still_looks) {
  Allowance nothing(0s);
  EXPECT_TRUE(nothing.spent());
  EXPECT_FALSE(nothing.poll({}));
}

}  // namespace
}  // namespace mpmt
