// Readings that messages share: fewer of them, and stamps that are right all the same.
#include "executors/shared_clock.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace mpmt::tests {
namespace {

using std::chrono::nanoseconds;

/// Goes on only when told; counts how often it is read.
struct FakeClock {
  using time_point = Clock::time_point;
  static time_point now() {
    ++readings;
    return time;
  }
  static inline time_point time;
  static inline int readings;
};
using Stamps = executors::BasicSharedClock<FakeClock>;

class SharedClockTest : public ::testing::Test {
 protected:
  SharedClockTest() {
    FakeClock::time = Clock::time_point(std::chrono::hours(1));
    FakeClock::readings = 0;
  }

  /// How much too early each of these many messages' stamps is, when every message takes `each`.
  std::vector<nanoseconds> errors(int messages, nanoseconds each) {
    std::vector<nanoseconds> all;
    for (int message = 0; message < messages; ++message, FakeClock::time += each) {
      all.push_back(FakeClock::time - stamps_.at_next());
    }
    return all;
  }

  Stamps stamps_;
};

TEST_F(SharedClockTest, slow_messages_have_a_reading_each) {
  for (const auto error : errors(100, Stamps::kTolerance + nanoseconds(1))) EXPECT_EQ(error, nanoseconds(0));
  EXPECT_EQ(FakeClock::readings, 100);
}

TEST_F(SharedClockTest, quick_messages_share_up_to_eight_to_a_reading) {
  for (const auto error : errors(71, nanoseconds(20))) {
    EXPECT_GE(error, nanoseconds(0));
    EXPECT_LE(error, Stamps::kTolerance);
  }
  EXPECT_EQ(FakeClock::readings, 11);  // 1 + 2 + 4 + 8 x 8 messages
}

TEST_F(SharedClockTest, at_an_even_pace_no_stamp_is_wrong_by_more_than_the_tolerance) {
  for (int each = 1; each < 2 * Stamps::kTolerance.count(); ++each) {
    stamps_ = {};
    for (const auto error : errors(100, nanoseconds(each))) ASSERT_LE(error, Stamps::kTolerance) << each << " ns each";
  }
}

TEST_F(SharedClockTest, messages_that_become_slow_have_their_own_readings_again) {
  errors(71, nanoseconds(20));
  const auto late = errors(20, nanoseconds(10'000));
  for (std::size_t message = Stamps::kMostSharers; message < late.size(); ++message) {
    EXPECT_EQ(late[message], nanoseconds(0)) << "message " << message;
  }
}

TEST_F(SharedClockTest, a_new_series_begins_with_a_reading) {
  errors(71, nanoseconds(20));
  stamps_ = {};
  FakeClock::time += std::chrono::seconds(1);
  EXPECT_EQ(errors(1, nanoseconds(20)).front(), nanoseconds(0));
}

}  // namespace
}  // namespace mpmt::tests
