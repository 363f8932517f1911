// The calendar without a lock, against the C library's way back.
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <ctime>
#include <limits>
#include <random>
#include <string>
#include <vector>

namespace mpmt::ipc {
namespace {

TEST(Utc, is_this_programs_own) {
  Dl_info found{};
  ASSERT_NE(::dladdr(reinterpret_cast<void*>(&::gmtime_r), &found), 0);
  EXPECT_EQ(std::string(found.dli_fname).find("libc.so"), std::string::npos) << found.dli_fname;
}

TEST(Utc, agrees_with_the_calendar_of_the_c_library) {
  std::mt19937_64 random(7);
  // Years -9999 to 9999.
  std::uniform_int_distribution<std::time_t> any(-377'705'116'800, 253'402'300'799);
  std::vector<std::time_t> times{0, -1, 86'399, 86'400, 951'782'400, 951'868'800, 4'107'542'399, 4'107'542'400};
  for (int i = 0; i < 10'000; ++i) times.push_back(any(random));
  for (const auto time : times) {
    std::tm ours{};
    ASSERT_EQ(::gmtime_r(&time, &ours), &ours);
    EXPECT_STREQ(ours.tm_zone, "GMT");
    std::tm again = ours;
    ASSERT_EQ(::timegm(&again), time);
    // timegm() works out these two by itself.
    EXPECT_EQ(ours.tm_wday, again.tm_wday) << time;
    EXPECT_EQ(ours.tm_yday, again.tm_yday) << time;
    EXPECT_EQ(ours.tm_mday, again.tm_mday) << time << ": not a day of its month";
    EXPECT_EQ(ours.tm_hour, again.tm_hour) << time;
  }
}

TEST(Utc, what_no_year_can_hold_is_refused) {
  for (const auto time : {std::numeric_limits<std::time_t>::max() / 2, std::numeric_limits<std::time_t>::min() / 2}) {
    std::tm result{};
    errno = 0;
    EXPECT_EQ(::gmtime_r(&time, &result), nullptr);
    EXPECT_EQ(errno, EOVERFLOW);
  }
}

}  // namespace
}  // namespace mpmt::ipc
