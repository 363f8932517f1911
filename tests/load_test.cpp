// Who else used the CPUs: /proc/stat read and compared.
#include "benchmarks/host/load.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

#include <string>

#include "base/cpus.hpp"
#include "benchmarks/trial/affinities.hpp"
#include "in_child.hpp"

namespace mpmt::benchmarks {
namespace {

using std::chrono::milliseconds;

/// As the kernel writes it: CPUs 0 to 3, then what is none of ours.
constexpr auto kStat =
    "cpu  100 200 300 10000 20000 400 500 600 700 800\n"
    "cpu0 10 20 30 1000 2000 40 50 60 70 80\n"
    "cpu1 1 2 3 100 200 4 5 6 7 8\n"
    "cpu2 0 0 0 7 0 0 0 0 0 0\n"
    "cpu3 4000000000000 0 0 0 0 0 0 0 0 0\n"
    "intr 1 2 3 4 5 6 7 8 9\n"
    "ctxt 12345\n";

TEST(Load, the_lines_of_our_cpus_are_added_up) {
  struct Row {
    std::vector<int> cpus;
    StatTicks wanted;
  };
  const std::vector<Row> table{
      {{0}, {150, 60, 3210}},
      {{1}, {15, 6, 321}},
      {{0, 1}, {165, 66, 3531}},
      {{2}, {0, 0, 7}},
      {{3}, {4'000'000'000'000, 0, 4'000'000'000'000}},
  };
  for (const auto& row : table) {
    const auto found = read_stat(kStat, row.cpus);
    ASSERT_TRUE(found.ticks) << found.why_not;
    EXPECT_EQ(found.why_not, "");
    EXPECT_EQ(found.ticks->busy, row.wanted.busy);
    EXPECT_EQ(found.ticks->steal, row.wanted.steal);
    EXPECT_EQ(found.ticks->all, row.wanted.all);
  }
}

TEST(Load, what_containers_make_of_stat_is_not_taken_for_quiet) {
  struct Row {
    const char* what;
    const char* contents;
    const char* why_not;
  };
  const std::vector<Row> table{
      {"masked", "", "/proc/stat is empty"},
      {"gVisor", "cpu  0 0 0 0 0 0 0 0 0 0\ncpu0 0 0 0 0 0 0 0 0 0 0\ncpu2 0 0 0 0 0 0 0 0 0 0\nbtime 1\n",
       "/proc/stat has only zeros for CPU 0"},
      {"one CPU of zeros", "cpu0 1 1 1 1 1 1 1 1\ncpu2 0 0 0 0 0 0 0 0\n", "/proc/stat has only zeros for CPU 2"},
      {"numbered anew", "cpu  1 1 1 1 1 1 1 1\ncpu0 1 1 1 1 1 1 1 1\ncpu1 1 1 1 1 1 1 1 1\n",
       "/proc/stat has no line for CPU 2"},
      {"the sum alone", "cpu  1 1 1 1 1 1 1 1 1 1\n", "/proc/stat has no line for CPU 0"},
      {"four columns", "cpu0 1 2 3 4\ncpu2 1 2 3 4\n", "/proc/stat has 4 columns of numbers for CPU 0, not 8"},
      {"before steal was counted", "cpu0 1 2 3 4 5 6 7\ncpu2 1 2 3 4 5 6 7\n",
       "/proc/stat has 7 columns of numbers for CPU 0, not 8"},
      {"words", "cpu0 10 20 x\n", "/proc/stat has 2 columns of numbers for CPU 0, not 8"},
      {"below nothing", "cpu0 10 -20 3 4 5 6 7 8\n", "/proc/stat has 1 columns of numbers for CPU 0, not 8"},
      {"too large", "cpu0 10 99999999999999999999 3 4 5 6 7 8\n",
       "/proc/stat has 1 columns of numbers for CPU 0, not 8"},
      {"a label and nothing", "cpu0\n", "/proc/stat has 0 columns of numbers for CPU 0, not 8"},
      {"another file", "root:x:0:0\n\0cpu", "/proc/stat has no line for CPU 0"},
      {"no line feed at the end", "cpu0 1 1 1 1 1 1 1 1\ncpu2 1 1",
       "/proc/stat has 2 columns of numbers for CPU 2, not 8"},
  };
  for (const auto& row : table) {
    const auto found = read_stat(row.contents, {0, 2});
    EXPECT_FALSE(found.ticks) << row.what;
    EXPECT_EQ(found.why_not, row.why_not) << row.what;
  }
}

constexpr std::int64_t ms = 1'000'000;

/// A tick is 10 ms.
LoadSample sample(milliseconds when, StatTicks ticks, std::int64_t own_ns = 0) {
  return {Clock::time_point(when), {ticks, ""}, own_ns, {0, 1}};
}

struct LoadCase {
  const char* what;
  std::int64_t busy;  // each: how many ticks more at the end
  std::int64_t steal;
  std::int64_t own_ns;
  std::int64_t foreign_ns;
  double share;  // of 2 CPUs × 1 s
  bool disturbing;
};

TEST(Load, what_others_used_is_what_is_left) {
  if (::sysconf(_SC_CLK_TCK) != 100) GTEST_SKIP() << "a tick is not 10 ms here";
  const std::vector<LoadCase> table{
      {"idle", 0, 0, 0, 0, 0, false},
      {"we alone", 90, 0, 900 * ms, 0, 0, false},
      {"a neighbour on one CPU", 190, 0, 900 * ms, 1000 * ms, 0.5, true},
      {"a neighbour at 5 %, and we at rest", 10, 0, 0, 100 * ms, 0.05, false},
      {"a neighbour above 5 %, and we at rest", 11, 0, 0, 110 * ms, 0.055, true},
      {"a neighbour above 5 %, and we on both CPUs", 211, 0, 2000 * ms, 110 * ms, 0.055, true},
      {"what ticks may invent beside us", 111, 0, 900 * ms, 210 * ms, 0.105, false},
      {"more than that", 112, 0, 900 * ms, 220 * ms, 0.11, true},
      {"the hypervisor", 90, 22, 900 * ms, 0, 0.11, true},
      {"both a little", 101, 11, 900 * ms, 110 * ms, 0.11, true},
      {"ticks that lag behind us", 89, 0, 900 * ms, -10 * ms, 0, false},
      {"steal that goes backwards", 90, -1, 900 * ms, 0, 0, false},
  };
  for (const auto& row : table) {
    SCOPED_TRACE(row.what);
    const auto before = sample(milliseconds(5), {777, 88, 9999}, 99);
    const auto after = sample(milliseconds(1005), {777 + row.busy, 88 + row.steal, 9999 + 200}, 99 + row.own_ns);
    const auto load = between(before, before, after, 2);
    ASSERT_TRUE(load.others) << load.why_unknown;
    EXPECT_EQ(load.others->cpu_ns, row.foreign_ns);
    EXPECT_NEAR(load.others->share(), row.share, 1e-9);
    EXPECT_EQ(!load.disturbance().empty(), row.disturbing) << load.disturbance();
  }
}

TEST(Load, what_ticks_may_invent_in_a_short_trial_disturbs_nobody) {
  const auto before = sample(milliseconds(0), {10, 0, 100});
  const auto load = between(before, before, sample(milliseconds(50), {13, 0, 110}), 2);
  ASSERT_TRUE(load.others);
  EXPECT_GT(load.others->share(), 0.05);
  EXPECT_EQ(load.disturbance(), "");
}

TEST(Load, what_no_short_trial_shows_many_of_them_do) {
  const Load brief{Load::Others{0, 20'000'000, 60'000'000, 140e6}, {}, {}};
  EXPECT_EQ(brief.disturbance(), "") << "ticks may have invented it";
  Load total = brief;
  for (int i = 1; i < 100; ++i) total += brief;
  EXPECT_EQ(total.disturbance(), "others used 14.3 % of the CPUs");
}

TEST(Load, no_time_at_all_is_no_share) {
  const auto now = sample(milliseconds(7), {1, 2, 3}, 4);
  EXPECT_EQ(between(now, now, now, 2).others.value().share(), 0);
}

TEST(Load, of_what_cannot_be_seen_nothing_is_said) {
  const auto seen = sample(milliseconds(0), {1, 2, 30});
  const auto later = sample(milliseconds(50), {2, 2, 40});
  LoadSample unseen = later;
  unseen.stat = {std::nullopt, "no such thing"};
  for (const auto& load :
       {between(unseen, seen, later, 2), between(seen, unseen, later, 2), between(seen, seen, unseen, 2)}) {
    EXPECT_FALSE(load.others);
    EXPECT_EQ(load.why_unknown, "no such thing");
    EXPECT_EQ(load.disturbance(), "");
  }
}

TEST(Load, counters_that_do_not_go_on_are_not_believed) {
  const auto start = sample(milliseconds(0), {10, 0, 100});
  struct Row {
    const char* what;
    LoadSample before;
    LoadSample after;
    bool believed;
  };
  const std::vector<Row> table{
      {"they go on", start, sample(milliseconds(200), {10, 0, 140}), true},
      {"too short to tell", start, sample(milliseconds(9), {10, 0, 100}), true},
      {"they stand still", start, sample(milliseconds(200), {10, 0, 100}), false},
      {"they have since the start, in short trials", sample(milliseconds(300), {10, 0, 100}),
       sample(milliseconds(310), {10, 0, 100}), false},
      {"they stop", sample(milliseconds(300), {15, 0, 160}), sample(milliseconds(500), {15, 0, 160}), false},
      {"they are others' now", sample(milliseconds(300), {15, 0, 160}), sample(milliseconds(500), {1, 0, 50}), false},
  };
  for (const auto& row : table) {
    const auto load = between(start, row.before, row.after, 2);
    EXPECT_EQ(load.others.has_value(), row.believed) << row.what;
    EXPECT_EQ(load.why_unknown, row.believed ? "" : "/proc/stat stands still") << row.what;
  }
}

TEST(Load, cpus_that_were_changed_since_the_start_disturb) {
  const auto start = sample(milliseconds(0), {10, 0, 100});
  auto after = sample(milliseconds(50), {10, 0, 110});
  EXPECT_EQ(between(start, start, after, 2).disturbance(), "");
  after.affinity = {1};
  EXPECT_EQ(between(start, start, after, 2).disturbance(), "this run's CPUs were changed from 0-1 to 1");
  after.affinity = {};
  EXPECT_EQ(between(start, start, after, 2).disturbance(), "") << "not to be read is not changed";
}

TEST(Load, of_several_intervals_what_was_used_adds_up_and_what_is_unknown_of_one_is_unknown_of_all) {
  const Load one{Load::Others{1 * ms, -2 * ms, 40 * ms, 100e6}, "", ""};
  const Load other{Load::Others{10 * ms, 24 * ms, 50 * ms, 300e6}, "", ""};
  const Load unknown{std::nullopt, "no such thing", ""};
  const Load moved{Load::Others{0, 0, 0, 100e6}, "", "moved"};
  Load total;
  for (const auto& part : {one, other, moved}) total += part;
  ASSERT_TRUE(total.others);
  EXPECT_EQ(total.others->steal_ns, 11 * ms);
  EXPECT_EQ(total.others->cpu_ns, 22 * ms);
  EXPECT_EQ(total.others->own_ns, 90 * ms);
  EXPECT_NEAR(total.others->share(), 33.0 / 500, 1e-9);
  EXPECT_EQ(total.disturbance(), "moved");
  for (const auto& parts : {std::vector{unknown, one}, {one, unknown}, {one, unknown, other}}) {
    Load sum;
    for (const auto& part : parts) sum += part;
    EXPECT_FALSE(sum.others);
    EXPECT_EQ(sum.why_unknown, "no such thing");
    EXPECT_EQ(sum.disturbance(), "");
  }
}

TEST(Load, what_living_children_have_used_is_ours) {
  LoadMeter meter(usable_cpus());
  if (!meter.why_unknown().empty()) GTEST_SKIP() << meter.why_unknown();
  constexpr std::chrono::hours much(1);
  const auto without = meter.sample();
  const auto with = meter.sample(much);
  EXPECT_GE(with.own_ns - without.own_ns, Nanoseconds(much).count());
  EXPECT_EQ(meter.since(without, much).others.value().share(), 0);
  EXPECT_GT(meter.since(with).others.value().cpu_ns, Nanoseconds(much).count() / 2) << "they are others' from then on";
}

TEST(Load, this_machines_samples_do_not_go_backwards) {
  const auto cpus = usable_cpus();
  LoadMeter meter(cpus);
  if (!meter.why_unknown().empty()) GTEST_SKIP() << meter.why_unknown();
  const auto before = meter.sample();
  const auto load = meter.since(before);
  EXPECT_TRUE(load.others) << load.why_unknown;
  EXPECT_EQ(before.affinity, cpus.cpus);
  EXPECT_GE(meter.sample().when, before.when);
  EXPECT_GE(meter.sample().own_ns, before.own_ns);
  EXPECT_GE(meter.sample().stat.ticks.value().all, before.stat.ticks.value().all);
}

TEST(Load, a_change_of_our_own_cpus_is_seen_and_kept) {
  const auto cpus = usable_cpus();
  if (cpus.cpus.size() < 2) GTEST_SKIP() << "one CPU";
  const auto end = tests::in_child([&] {
    LoadMeter meter(cpus);
    const auto before = meter.sample();
    pin_to(cpus.cpus.back());
    tests::require(!meter.since(before).disturbance().empty(), "not seen");
    tests::require(!meter.change().empty(), "not kept");
  });
  EXPECT_EQ(end, "");
}

TEST(Affinities, a_thread_that_was_moved_is_named) {
  const Affinities before{{7, {0, 1}}, {8, {1}}, {9, {2}}};
  EXPECT_EQ(change_between(before, before), "");
  EXPECT_EQ(change_between(before, {{7, {0, 1}}, {9, {2}}}), "") << "one has ended";
  EXPECT_EQ(change_between(before, {{7, {0, 1}}, {8, {0}}, {9, {2}}}),
            "the CPUs of the trial's thread 8 were changed from 1 to 0");
}

TEST(Affinities, threads_that_cannot_be_asked_are_left_out) {
  const auto found = affinities_of(::getpid(), {{0, 0, 0, false, {}}, {1, 0, -1, false, {}}});
  EXPECT_EQ(found, (Affinities{{::getpid(), usable_cpus().cpus}}));
}

}  // namespace
}  // namespace mpmt::benchmarks
