// Who else used the CPUs: /proc/stat read and compared.
#include "benchmarks/load.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "base/cpus.hpp"

namespace mpmt::benchmarks {
namespace {

using std::chrono::milliseconds;

TEST(Load, ticks_are_read_from_the_first_line_of_stat) {
  struct Row {
    const char* line;
    std::optional<StatTicks> wanted;
  };
  const std::vector<Row> table{
      {"cpu  10 20 30 1000 2000 40 50 60 70 80", StatTicks{150, 60}},
      {"cpu  10 20 30 1000 2000 40 50 60", StatTicks{150, 60}},
      {"cpu 0 0 0 0 0 0 0 0 0 0", StatTicks{0, 0}},
      {"cpu  4000000000000 0 0 0 0 0 0 0 0 0", StatTicks{4'000'000'000'000, 0}},
      {"cpu0 10 20 30 1000 2000 40 50 60 70 80", std::nullopt},
      {"cpu  10 20 30 1000 2000 40 50", std::nullopt},  // before Linux 2.6.11
      {"cpu  10 20 x", std::nullopt},
      {"", std::nullopt},
      {"intr 1 2 3 4 5 6 7 8 9", std::nullopt},
  };
  for (const auto& row : table) {
    const auto found = ticks_of_stat(row.line);
    ASSERT_EQ(found.has_value(), row.wanted.has_value()) << row.line;
    if (!found) continue;
    EXPECT_EQ(found->busy, row.wanted->busy) << row.line;
    EXPECT_EQ(found->steal, row.wanted->steal) << row.line;
  }
}

TEST(Load, the_ticks_of_one_cpu_are_read_from_its_own_line) {
  const std::string line = "cpu1 10 20 30 1000 2000 40 50 60 70 80";
  EXPECT_TRUE(ticks_of_stat(line, "cpu1").has_value());
  EXPECT_FALSE(ticks_of_stat(line, "cpu").has_value());
  EXPECT_FALSE(ticks_of_stat(line, "cpu10").has_value());
}

TEST(Load, this_machines_stat_is_read) {
  std::ifstream stat("/proc/stat");
  std::string line;
  ASSERT_TRUE(std::getline(stat, line));
  EXPECT_TRUE(ticks_of_stat(line).has_value()) << line;
}

constexpr std::int64_t ms = 1'000'000;

struct LoadCase {
  const char* what;
  std::int64_t busy_ns;  // each: how much more at the end
  std::int64_t steal_ns;
  std::int64_t own_ns;
  std::int64_t foreign_ns;
  double share;  // of 2 CPUs × 1 s
  bool disturbing;
};

TEST(Load, what_others_used_is_what_is_left) {
  const std::vector<LoadCase> table{
      {"idle", 0, 0, 0, 0, 0, false},
      {"we alone", 900 * ms, 0, 900 * ms, 0, 0, false},
      {"a neighbour on one CPU", 1900 * ms, 0, 900 * ms, 1000 * ms, 0.5, true},
      {"a neighbour at 5 %", 1000 * ms, 0, 900 * ms, 100 * ms, 0.05, false},
      {"a neighbour above 5 %", 1010 * ms, 0, 900 * ms, 110 * ms, 0.055, true},
      {"the hypervisor", 900 * ms, 200 * ms, 900 * ms, 0, 0.1, true},
      {"both a little", 960 * ms, 60 * ms, 900 * ms, 60 * ms, 0.06, true},
      {"ticks that lag behind us", 890 * ms, 0, 900 * ms, 0, 0, false},
      {"steal that goes backwards", 900 * ms, -10 * ms, 900 * ms, 0, 0, false},
  };
  for (const auto& row : table) {
    SCOPED_TRACE(row.what);
    const LoadSample before{Clock::time_point(milliseconds(5)), 7777, 888, 99};
    const LoadSample after{before.when + milliseconds(1000), before.busy_ns + row.busy_ns,
                           before.steal_ns + row.steal_ns, before.own_ns + row.own_ns};
    const auto load = between(before, after, 2);
    EXPECT_EQ(load.foreign_cpu_ns, row.foreign_ns);
    EXPECT_NEAR(load.foreign_share, row.share, 1e-9);
    EXPECT_EQ(load.disturbing(), row.disturbing);
  }
}

TEST(Load, what_ticks_may_invent_in_a_short_trial_disturbs_nobody) {
  const LoadSample before{};
  const LoadSample after{before.when + milliseconds(50), 30 * ms, 0, 0};
  const auto load = between(before, after, 2);
  EXPECT_GT(load.foreign_share, 0.05);
  EXPECT_FALSE(load.disturbing());
}

TEST(Load, no_time_at_all_is_no_share) {
  const LoadSample sample{Clock::now(), 1, 2, 3};
  EXPECT_EQ(between(sample, sample, 2).foreign_share, 0);
}

TEST(Load, samples_do_not_go_backwards) {
  const auto cpus = usable_cpus().cpus;
  const auto before = sample_load(cpus);
  const auto after = sample_load(cpus);
  EXPECT_GE(after.when, before.when);
  EXPECT_GE(after.busy_ns, before.busy_ns);
  EXPECT_GE(after.own_ns, before.own_ns);
  EXPECT_GT(after.busy_ns, 0) << "no line of /proc/stat was that of a CPU of ours";
}

}  // namespace
}  // namespace mpmt::benchmarks
