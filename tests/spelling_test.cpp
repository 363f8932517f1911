// Numbers, sizes and times as people write them.
#include "benchmarks/case/spelling.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <vector>

namespace mpmt::benchmarks {
namespace {

constexpr std::uint64_t kMostWanted = std::uint64_t{1} << 40;

template <class Parse>
std::string answer_to(Parse parse, const std::string& item) {
  try {
    parse(item);
  } catch (const std::invalid_argument& wrong) {
    return wrong.what();
  }
  return "accepted";
}

TEST(Spelling, whole_numbers_may_have_a_binary_suffix) {
  const std::vector<std::pair<std::string, std::uint64_t>> good{{"1", 1},         {"65536", 65536}, {"64Ki", 65536},
                                                                {"64KiB", 65536}, {"1Mi", 1 << 20}, {"2MiB", 2 << 20},
                                                                {"1Gi", 1 << 30}};
  for (const auto& [item, value] : good) EXPECT_EQ(whole_number_from(item, 1, kMostWanted), value) << item;
}

TEST(Spelling, a_size_that_can_be_read_in_two_ways_is_answered_with_both) {
  const auto parse = [](const std::string& item) { whole_number_from(item, 1, kMostWanted); };
  const std::vector<std::pair<std::string, std::string>> unsure{{"2K", "write 2Ki (2048) or 2000"},
                                                                {"2k", "write 2Ki (2048) or 2000"},
                                                                {"2KB", "write 2Ki (2048) or 2000"},
                                                                {"2kb", "write 2Ki (2048) or 2000"},
                                                                {"3M", "write 3Mi (3145728) or 3000000"},
                                                                {"1GB", "write 1Gi (1073741824) or 1000000000"},
                                                                {"1.5k", "write 1536 or 1500"},
                                                                {"1.5Ki", "write 1536"},
                                                                {"1e3", "write 1000"},
                                                                {"2e0", "write 2"}};
  for (const auto& [item, answer] : unsure) {
    const auto refusal = answer_to(parse, item);
    EXPECT_EQ(refusal, "'" + item + "' is not a whole number from 1 to 1099511627776: " + answer);
  }
}

TEST(Spelling, what_means_nothing_is_refused_without_advice) {
  const auto parse = [](const std::string& item) { whole_number_from(item, 1, 100); };
  for (const auto* item :
       {"", "abc", "-1", "1.5", "2Kix", "nan", "inf", "1e", "0x2", "101", "1Gi", "5KK", "99999999999999999999"}) {
    EXPECT_EQ(answer_to(parse, item), "'" + std::string(item) + "' is not a whole number from 1 to 100");
  }
  EXPECT_EQ(answer_to(parse, "\x1b[2J"), "'\\x1b[2J' is not a whole number from 1 to 100");
}

TEST(Spelling, a_unit_of_time_may_be_spelt_as_people_spell_it) {
  const std::vector<std::pair<std::string, std::int64_t>> good{
      {"50us", 50'000},         {"50usec", 50'000},   {"50\u00b5s", 50'000},
      {"50\u03bcs", 50'000},    {"50 us", 50'000},    {"1.5ms", 1'500'000},
      {"2msec", 2'000'000},     {"7ns", 7},           {"7nsec", 7},
      {"2s", 2'000'000'000},    {".5s", 500'000'000}, {"1e3us", 1'000'000},
      {"60sec", 60'000'000'000}};
  for (const auto& [item, nanoseconds] : good) {
    EXPECT_TRUE(reads_as_time(item)) << item;
    EXPECT_EQ(time_from(item).count(), nanoseconds) << item;
  }
  for (const auto* item : {"50", "50u", "10h", "us", "nanus", "2Ki", "-5ms", ""})
    EXPECT_FALSE(reads_as_time(item)) << item;
}

TEST(Spelling, a_time_out_of_range_or_without_a_unit_is_refused) {
  const auto parse = [](const std::string& item) { time_from(item); };
  for (const auto* item : {"0us", "61s", "1e300s", "0.1ns"}) {
    EXPECT_EQ(answer_to(parse, item), "'" + std::string(item) + "' is not a time above 0 and up to 60s");
  }
  for (const auto* item : {"50", "10h", "nan", ""}) {
    EXPECT_NE(answer_to(parse, item).find("write a number and ns, us, ms or s"), std::string::npos) << item;
  }
}

TEST(Spelling, seconds_are_written_with_their_unit_or_without) {
  const std::vector<std::pair<std::string, double>> good{
      {"2", 2}, {"0.5", 0.5}, {"0.05s", 0.05}, {"500ms", 0.5}, {"10s", 10}};
  for (const auto& [item, seconds] : good) EXPECT_DOUBLE_EQ(seconds_from(item, 0.01, 100), seconds) << item;
  const auto parse = [](const std::string& item) { seconds_from(item, 0.01, 86'400); };
  for (const auto* item : {"0", "-1", "nan", "inf", "abc", "2h", "86401", ""}) {
    EXPECT_EQ(answer_to(parse, item), "'" + std::string(item) + "' is not a number of seconds from 0.01 to 86400");
  }
}

TEST(Spelling, a_share_is_a_percentage_or_a_fraction) {
  const std::vector<std::pair<std::string, double>> good{
      {"3%", 0.03}, {"0.5 %", 0.005}, {"0.03", 0.03}, {"1", 1}, {"100%", 1}};
  for (const auto& [item, share] : good) EXPECT_DOUBLE_EQ(share_from(item, 0.001, 1), share) << item;
  const auto parse = [](const std::string& item) { share_from(item, 0.001, 1); };
  for (const auto* item : {"0", "3", "0%", "101%", "-3%", "nan", "3ms", "%", ""}) {
    EXPECT_EQ(answer_to(parse, item), "'" + std::string(item) + "' is not a share from 0.1 % to 100 %");
  }
}

TEST(Spelling, a_share_in_whole_per_cents_is_one_number_however_it_is_written) {
  for (const auto& [item, percent] :
       {std::pair("70%", 70), {"70 %", 70}, {"0.7", 70}, {"0.29", 29}, {"0%", 0}, {"0", 0}, {"99%", 99}}) {
    EXPECT_EQ(percent_from(item, 0, 99), percent) << item;
  }
  const auto parse = [](const std::string& item) { percent_from(item, 0, 99); };
  for (const auto* item : {"100%", "1", "33.3%", "0.705", "-1%", "70", "7s", "%", ""}) {
    EXPECT_EQ(answer_to(parse, item), "'" + std::string(item) + "' is not a share in whole per cents from 0 % to 99 %");
  }
}

}  // namespace
}  // namespace mpmt::benchmarks
