// Usable CPUs: quotas as cgroups state them, and pinning.
#include "base/cpus.hpp"

#include <gtest/gtest.h>
#include <sched.h>

#include <algorithm>
#include <string>
#include <system_error>
#include <thread>

namespace mpmt {
namespace {

TEST(Cpus, a_quota_is_read_as_cpu_max_states_it) {
  struct Row {
    const char* contents;
    std::optional<double> wanted;
  };
  const std::vector<Row> table{
      {"max 100000", std::nullopt}, {"150000 100000", 1.5},     {"150000 100000\n", 1.5},
      {"50000 100000", 0.5},        {"400000 50000", 8},        {"200000", 2},
      {"max", std::nullopt},        {"", std::nullopt},         {"0 100000", std::nullopt},
      {"-1 100000", std::nullopt},  {"100000 0", std::nullopt}, {"many 3", std::nullopt},
  };
  for (const auto& row : table) {
    const auto quota = quota_of_cpu_max(row.contents);
    ASSERT_EQ(quota.has_value(), row.wanted.has_value()) << row.contents;
    EXPECT_NEAR(quota.value_or(0), row.wanted.value_or(0), 1e-12) << row.contents;
  }
}

TEST(Cpus, a_quota_bounds_how_many_run_at_once) {
  const std::vector<int> four{0, 2, 4, 6};
  EXPECT_EQ((UsableCpus{four, std::nullopt}).count(), 4);
  EXPECT_EQ((UsableCpus{four, 9.0}).count(), 4);
  EXPECT_EQ((UsableCpus{four, 2.9}).count(), 2);
  EXPECT_EQ((UsableCpus{four, 0.1}).count(), 1);
}

TEST(Cpus, those_found_are_in_order_and_can_be_pinned_to) {
  const auto found = usable_cpus();
  ASSERT_FALSE(found.cpus.empty());
  EXPECT_TRUE(std::is_sorted(found.cpus.begin(), found.cpus.end()));
  EXPECT_GE(found.count(), 1);
  std::vector<int> ran_on;
  std::vector<int> left;
  std::thread([&] {  // an affinity is a thread's own
    for (const int cpu : found.cpus) {
      pin_to(cpu);
      ran_on.push_back(::sched_getcpu());
      left = usable_cpus().cpus;
    }
  })
      .join();
  EXPECT_EQ(ran_on, found.cpus);
  EXPECT_EQ(left, std::vector<int>{found.cpus.back()});
  EXPECT_EQ(usable_cpus().cpus, found.cpus);
}

TEST(Cpus, one_that_does_not_exist_is_named) {
  try {
    pin_to(4000);
    FAIL() << "pinned";
  } catch (const std::system_error& failure) {
    EXPECT_NE(std::string(failure.what()).find("CPU 4000"), std::string::npos) << failure.what();
  }
}

}  // namespace
}  // namespace mpmt
