// From a time to a grain, on machines that are made up.
#include "benchmarks/run/calibration.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "benchmarks/judge/statistics.hpp"

namespace mpmt::benchmarks {
namespace {

/// A workload on a machine: what a task takes at a grain, when the machine is warm.
struct MadeUpMachine {
  double base_ns = 0;
  double unit_ns = 1;
  double noise = 0;   ///< standard deviation of a trial, as a share
  double rested = 1;  ///< a rough trial finds the CPU rested: its times are this much of a warm one's
  std::mt19937_64 random{7};
  double least_expected = HUGE_VAL;  ///< of a task that was timed carefully

  double at(std::uint64_t grain) const { return base_ns + unit_ns * static_cast<double>(grain); }
  double noisy(std::uint64_t grain) { return at(grain) * std::exp(std::normal_distribution(0.0, noise)(random)); }
  CalibratedGrain calibrated(double wanted_ns, bool roughly = false) {
    return calibrate(
        {std::chrono::nanoseconds(std::llround(wanted_ns)), roughly},
        [&](std::uint64_t grain, double) { return rested * noisy(grain); },
        [&](std::uint64_t grain, double expected_ns) {
          least_expected = std::min(least_expected, expected_ns);
          return noisy(grain);
        });
  }
};

TEST(Calibration, a_grain_takes_the_wished_time_where_it_is_fine_enough) {
  for (const double base : {0.0, 20.0}) {
    for (const double unit : {0.3, 2.5, 17.0}) {
      for (const double wanted : {1e3, 5e4, 1e6, 1e7}) {
        MadeUpMachine machine{base, unit};
        const auto found = machine.calibrated(wanted);
        EXPECT_NEAR(machine.at(found.grain) / wanted, 1, kCalibrated) << base << " + " << unit << " for " << wanted;
        EXPECT_DOUBLE_EQ(found.ns_per_task, machine.at(found.grain)) << "not what was measured";
        EXPECT_FALSE(found.coarse);
      }
    }
  }
}

TEST(Calibration, a_cpu_that_was_rested_in_the_pilots_does_not_make_the_grain_too_large) {
  for (const double wanted : {1e3, 5e4, 1e6}) {
    MadeUpMachine machine{5, 2, 0.005, 0.88};
    const auto found = machine.calibrated(wanted);
    EXPECT_NEAR(machine.at(found.grain) / wanted, 1, kCalibrated);
    EXPECT_NEAR(found.ns_per_task / machine.at(found.grain), 1, 0.02);
  }
}

TEST(Calibration, what_is_printed_is_near_the_truth_on_a_machine_with_noise) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    MadeUpMachine machine{50, 3, 0.02, 0.9, std::mt19937_64(seed)};
    const auto found = machine.calibrated(5e4);
    EXPECT_NEAR(found.ns_per_task / machine.at(found.grain), 1, kCalibrated) << "seed " << seed;
    EXPECT_NEAR(found.ns_per_task / 5e4, 1, kCalibrated) << "seed " << seed;
  }
}

TEST(Calibration, a_unit_that_is_too_coarse_is_said_with_the_nearest) {
  MadeUpMachine sync{100, 1'300'000};
  const auto found = sync.calibrated(5e4);
  EXPECT_EQ(found.grain, 1U);
  EXPECT_TRUE(found.coarse);
  EXPECT_DOUBLE_EQ(found.ns_per_task, sync.at(1));
  const auto line = in_words(found, {std::chrono::microseconds(50)}, "file_sync", "one block confirmed");
  EXPECT_EQ(line,
            "file_sync: no grain takes 50.0 us here; the nearest, 1, takes 1.30 ms (a unit is one block confirmed); "
            "--grain 1 repeats this");
  MadeUpMachine product{0, 9'000};
  EXPECT_EQ(product.calibrated(31e3).grain, 3U);
  EXPECT_TRUE(product.calibrated(31e3).coarse);
}

TEST(Calibration, what_is_expected_of_a_task_is_the_wish_or_what_it_takes_at_least) {
  MadeUpMachine coarse{0, 40'000};
  coarse.calibrated(1e3);
  EXPECT_DOUBLE_EQ(coarse.least_expected, 40'000) << "a block for the wish would have 40 times its length";
  MadeUpMachine fine{0, 3};
  fine.calibrated(5e4);
  EXPECT_DOUBLE_EQ(fine.least_expected, 5e4);
}

TEST(Calibration, a_wait_that_ends_late_is_calibrated_with_its_lateness) {
  MadeUpMachine sleep{60'000, 1'000};
  const auto found = sleep.calibrated(1e6);
  EXPECT_NEAR(sleep.at(found.grain) / 1e6, 1, kCalibrated);
}

TEST(Calibration, roughly_gives_a_round_grain_and_what_it_takes) {
  MadeUpMachine machine{0, 0.29};
  const auto found = machine.calibrated(5e4, true);
  EXPECT_EQ(found.grain, 200'000U);
  EXPECT_DOUBLE_EQ(found.ns_per_task, 58'000);
  const auto line = in_words(found, {std::chrono::microseconds(50), true}, "hash_chain", "one round");
  EXPECT_NE(line.find("a grain of 200000 takes 58.0 us here, as measured; roughly 50.0 us was asked for"),
            std::string::npos)
      << line;
}

TEST(Calibration, a_machine_that_is_too_noisy_is_said_to_be) {
  MadeUpMachine machine{0, 3, 0.3};
  const auto found = machine.calibrated(5e4);
  EXPECT_GT(found.uncertainty, kCalibrated);
  const auto line = in_words(found, {std::chrono::microseconds(50)}, "prime_count", "one number");
  EXPECT_NE(line.find("too noisy to say that within 5 %"), std::string::npos) << line;
  MadeUpMachine quiet{0, 3, 0.01};
  const auto steady = quiet.calibrated(5e4);
  EXPECT_LT(steady.uncertainty, kCalibrated);
  EXPECT_EQ(in_words(steady, {std::chrono::microseconds(50)}, "prime_count", "one number").find("noisy"),
            std::string::npos);
}

TEST(Calibration, a_trial_that_fails_is_named) {
  const auto fails_from = [](std::uint64_t limit) {
    return [limit](std::uint64_t grain, double) {
      return grain >= limit ? std::nullopt : std::optional(2.0 * double(grain));
    };
  };
  const auto found = calibrate({std::chrono::milliseconds(1)}, fails_from(1000), fails_from(1000));
  EXPECT_EQ(found.grain, 0U);
  EXPECT_GE(found.failed_at, 1000U);
  const auto later = calibrate({std::chrono::microseconds(1)}, fails_from(1000), fails_from(1));
  EXPECT_EQ(later.grain, 0U);
  EXPECT_GE(later.failed_at, 1U);
}

TEST(Calibration, a_cost_that_does_not_grow_ends_the_search) {
  const auto flat = [](std::uint64_t, double) { return std::optional(30.0); };
  const auto found = calibrate({std::chrono::milliseconds(1)}, flat, flat);
  EXPECT_EQ(found.grain, 0U);
  EXPECT_EQ(found.failed_at, 0U);
}

TEST(Calibration, round_numbers_are_1_2_and_5) {
  for (const auto& [value, rounded] :
       {std::pair(0.2, 1), {1.3, 1}, {1.5, 2}, {171.0, 200}, {3434.0, 5000}, {30'000.0, 20'000}}) {
    EXPECT_EQ(round_1_2_5(value), static_cast<std::uint64_t>(rounded)) << value;
  }
}

}  // namespace
}  // namespace mpmt::benchmarks
