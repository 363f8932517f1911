// Benchmarks of programs that use Google Benchmark, as executors.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>

#include "base/checked.hpp"
#include "base/cpus.hpp"
#include "base/text.hpp"
#include "commands/google_benchmark.hpp"
#include "commands/google_listing.hpp"
#include "google_programs.hpp"

namespace mpmt::commands {
namespace {

using executors::Outcome;
using executors::Status;
using namespace tests;

std::unique_ptr<executors::Executor> start(const ProgramWords& command, const std::string& name, bool fixed = false) {
  return start_google({"A", command, name, fixed, {}}, soon());
}

Outcome outcome_of(executors::Executor& benchmark, std::uint64_t tasks) {
  executors::Request request;
  request.tasks = tasks;
  return benchmark.run(request, soon());
}

Outcome outcome_of(const ProgramWords& command, const std::string& name, std::uint64_t tasks = 1) {
  return outcome_of(*start(command, name), tasks);
}

bool contains(const std::vector<std::string>& lines, const std::string& part) {
  return std::any_of(lines.begin(), lines.end(), [&](const auto& line) { return line.find(part) != line.npos; });
}

// ---- names -----------------------------------------------------------------------------------------------

TEST(GoogleBenchmark, every_name_that_is_listed_can_be_run) {
  const auto command = odd("names,banner");
  for (const auto& name : list_benchmarks(command, soon()).names) {
    const auto outcome = outcome_of(command, name);
    EXPECT_EQ(outcome.status, Status::ok) << name << ": " << outcome.error;
  }
}

TEST(GoogleBenchmark, what_is_not_there_is_said_with_the_programs_own_last_line) {
  const auto outcome = outcome_of(odd("work"), "nothing");
  EXPECT_EQ(outcome.status, Status::error);
  EXPECT_EQ(outcome.error, "ran no benchmark of this name: Failed to match any benchmarks against regex: ^nothing$");
  EXPECT_EQ(list_benchmarks(odd("newline"), soon()).names, (std::vector<std::string>{"two", "lines"}));
  EXPECT_EQ(outcome_of(odd("newline"), "two").error.find("ran no benchmark of this name"), 0U);
}

TEST(GoogleBenchmark, two_benchmarks_of_one_name_are_never_one) {
  const auto outcome = outcome_of(odd("dup"), "same");
  EXPECT_EQ(outcome.status, Status::error);
  EXPECT_NE(outcome.error.find("several benchmarks have this name"), std::string::npos) << outcome.error;
}

// ---- what was asked and what was done --------------------------------------------------------------------

TEST(GoogleBenchmark, a_block_is_the_time_per_iteration_times_its_tasks) {
  const Fake fake(new_library(kPlain));
  const auto benchmark = start(fake.command(), "new/8 [a]", true);
  const auto outcome = outcome_of(*benchmark, 1000);
  ASSERT_EQ(outcome.status, Status::ok) << outcome.error;
  EXPECT_EQ(outcome.block.tasks, 1000U);
  EXPECT_EQ(outcome.block.sum, 1000U);
  EXPECT_EQ(outcome.block.messages, 1U);
  EXPECT_EQ(outcome.block.wall_ns, 250500);
  EXPECT_GT(outcome.block.elapsed_ns, outcome.block.wall_ns) << "a process took its time";
  EXPECT_GT(outcome.block.workers.minor_faults, 0);
  EXPECT_FALSE(contains(benchmark->notes(), "iterations"));
  EXPECT_TRUE(benchmark->workers().empty());
  EXPECT_TRUE(benchmark->shutdown(soon()));
}

TEST(GoogleBenchmark, a_library_that_calls_for_a_unit_of_its_time_gets_one) {
  const Fake fake(new_library(kPlain));
  const auto benchmark = start(fake.command(), "new/8 [a]");
  for (int block = 0; block < 2; ++block) EXPECT_EQ(outcome_of(*benchmark, 10).block.wall_ns, 2505);
}

TEST(GoogleBenchmark, an_old_library_is_given_the_time_that_its_tasks_take) {
  const auto benchmark = start(odd("work"), "work");
  outcome_of(*benchmark, 1);
  // Few: on a busy machine that one may have taken a thousand times as long as it takes.
  const auto outcome = outcome_of(*benchmark, 10);
  ASSERT_EQ(outcome.status, Status::ok) << outcome.error;
  EXPECT_GE(outcome.block.wall_ns, 10 * 20'000);
  EXPECT_EQ(outcome.block.tasks, 10U);
  EXPECT_FALSE(contains(benchmark->notes(), "iterations"));
}

TEST(GoogleBenchmark, a_number_of_iterations_in_the_code_is_noted) {
  const auto old = start(odd("iter5"), "five/iterations:5");
  EXPECT_EQ(outcome_of(*old, 100).status, Status::ok);
  EXPECT_TRUE(contains(old->notes(), "it runs 5 iterations whatever is asked"));

  const Fake fake(new_library(R"("iterations": 5, "real_time": 3)"));
  const auto benchmark = start(fake.command(), "new/8 [a]", true);
  EXPECT_EQ(outcome_of(*benchmark, 100).block.wall_ns, 300);
  EXPECT_TRUE(contains(benchmark->notes(), "it ran 5 iterations when 100 were asked for"));
  outcome_of(*benchmark, 200);
  EXPECT_TRUE(contains(benchmark->notes(), "it runs 5 iterations whatever is asked"));
}

TEST(GoogleBenchmark, iterations_of_several_threads_are_a_sum) {
  const Fake fake(new_library(R"("iterations": $((3 * n)), "threads": 3, "real_time": 3)"));
  const auto benchmark = start(fake.command(), "new/8 [a]", true);
  EXPECT_EQ(outcome_of(*benchmark, 100).status, Status::ok);
  EXPECT_FALSE(contains(benchmark->notes(), "iterations"));
  EXPECT_EQ(outcome_of(odd("threads"), "threads/threads:2", 10).status, Status::ok);
}

TEST(GoogleBenchmark, time_that_is_not_in_the_figure_is_noted_and_waited_for) {
  const auto fixture = start({kPrograms + "set_up"}, "Corpus/parse");
  const auto outcome = outcome_of(*fixture, 1);
  ASSERT_EQ(outcome.status, Status::ok) << outcome.error;
  EXPECT_GE(outcome.block.elapsed_ns, 200'000'000);
  EXPECT_TRUE(contains(fixture->notes(), "the rest is set-up, or time that it does not count"));
  const auto manual = start(odd("manual"), "gpu/iterations:40/manual_time");
  EXPECT_EQ(outcome_of(*manual, 40).block.wall_ns, 40'000);
  EXPECT_TRUE(contains(manual->notes(), "are in its figure"));
}

// ---- entries that are no plain runs ----------------------------------------------------------------------

TEST(GoogleBenchmark, of_a_benchmark_that_reports_only_aggregates_the_median_is_used_and_noted) {
  const auto benchmark = start(odd("aggonly"), "agg/repeats:5");
  const auto outcome = outcome_of(*benchmark, 10);
  ASSERT_EQ(outcome.status, Status::ok) << outcome.error;
  EXPECT_GE(outcome.block.wall_ns, 10 * 20'000);
  EXPECT_TRUE(contains(benchmark->notes(), "only aggregates: their median is its figure"));
  EXPECT_EQ(outcome_of(
                [] {
                  auto command = odd("reps");
                  command.emplace_back("--benchmark_report_aggregates_only=true");
                  return command;
                }(),
                "reps/repeats:3")
                .status,
            Status::ok)
      << "the flag is taken back";
}

TEST(GoogleBenchmark, of_a_benchmark_that_repeats_itself_the_median_is_used_and_noted) {
  const auto benchmark = start(odd("reps"), "reps/repeats:3");
  EXPECT_EQ(outcome_of(*benchmark, 10).status, Status::ok);
  EXPECT_TRUE(contains(benchmark->notes(), "it runs 3 times in a process: the median is its figure"));
}

TEST(GoogleBenchmark, a_benchmark_that_skips_itself_is_not_supported_here) {
  const auto outcome = outcome_of(odd("skip"), "skip");
  EXPECT_EQ(outcome.status, Status::unsupported);
  EXPECT_EQ(outcome.error, "skipped: no AVX-512 here: \"skipped\", sorry");
  const Fake fake(new_library(R"("iterations": 0, "real_time": 0, "skipped": true, "skip_message": "no GPU")"));
  EXPECT_EQ(outcome_of(*start(fake.command(), "new/8 [a]", true), 1).error, "skipped: no GPU");
}

TEST(GoogleBenchmark, no_time_at_all_is_an_error) {
  const auto outcome = outcome_of(odd("zero"), "zero/iterations:3/manual_time");
  EXPECT_EQ(outcome.status, Status::error);
  EXPECT_EQ(outcome.error, "takes no time that can be measured");
}

TEST(GoogleBenchmark, counters_and_fits_do_no_harm) {
  const auto counters = outcome_of(odd("counters"), "counters");
  EXPECT_EQ(counters.status, Status::ok) << counters.error;
  EXPECT_GE(counters.block.wall_ns, 2000);
  EXPECT_EQ(outcome_of(odd("big_o"), "grows/16").status, Status::ok);
}

// ---- processes -------------------------------------------------------------------------------------------

TEST(GoogleBenchmark, a_process_that_fails_says_how) {
  EXPECT_EQ(outcome_of(odd("work,exit3"), "work").error.find("exited with 3"), 0U);
  const auto killed = outcome_of(odd("work,abort"), "work");
  EXPECT_EQ(killed.status, Status::worker_died);
  EXPECT_EQ(killed.error.find("killed by SIGABRT"), 0U) << killed.error;
  EXPECT_NE(outcome_of({"/nowhere/gone"}, "x").error.find("No such file"), std::string::npos);
  EXPECT_EQ(outcome_of({"true"}, "x").error, "ran no benchmark of this name");
  EXPECT_NE(outcome_of(*start(odd("work"), "work", true), 9).error.find("--benchmark_min_time=9x"), std::string::npos);
  const auto benchmark = start_google({"A", odd("work"), "work", false, {4095}}, soon());
  EXPECT_NE(outcome_of(*benchmark, 1).error.find("sched_setaffinity(CPU 4095)"), std::string::npos);
}

TEST(GoogleBenchmark, at_the_deadline_nothing_of_its_process_group_is_left) {
  const Fake fake("cd \"$(dirname \"$0\")\"; sleep 600 & echo $! >child; wait");
  const auto outcome = start(fake.command(), "x")->run({1}, soon(std::chrono::seconds(3)));
  EXPECT_EQ(outcome.status, Status::timed_out);
  EXPECT_EQ(outcome.error.find("did not end within"), 0U) << outcome.error;
  const pid_t child = std::stoi(fake.contents_of("child"));
  const auto patience = soon();
  const auto runs = [&] { return ::kill(child, 0) == 0 && ::getpgid(child) != -1; };
  // Its new parent may take its time to reap it.
  while (runs() && Clock::now() < patience) {
    std::ifstream status(text("/proc/", child, "/stat"));
    const std::string line(std::istreambuf_iterator<char>(status), {});
    if (line.find(") Z ") != line.npos) break;
    ::usleep(10'000);
  }
  EXPECT_LT(Clock::now(), patience);
}

TEST(GoogleBenchmark, it_runs_where_it_is_told_with_nothing_to_read_and_room_to_talk) {
  const Fake fake(new_library(kPlain, R"sh(cd "$(dirname "$0")"
grep Cpus_allowed_list /proc/self/status >cpus
[ "$(wc -c)" = 0 ] || exit 8
head -c 20000000 /dev/zero | tr '\0' 'x'; head -c 20000000 /dev/zero >&2)sh"));
  const int cpu = usable_cpus().cpus.back();
  const auto benchmark = start_google({"A", fake.command(), "new/8 [a]", true, {cpu}}, soon());
  const auto outcome = outcome_of(*benchmark, 4);
  EXPECT_EQ(outcome.status, Status::ok) << outcome.error;
  EXPECT_EQ(fake.contents_of("cpus"), text("Cpus_allowed_list:\t", cpu, "\n"));
}

TEST(GoogleBenchmark, after_a_failure_it_is_broken) {
  const auto benchmark = start(odd("work"), "gone");
  EXPECT_EQ(outcome_of(*benchmark, 1).status, Status::error);
  EXPECT_EQ(outcome_of(*benchmark, 1).error, "the benchmark is broken or has ended");
  EXPECT_THROW(start({}, "x"), std::invalid_argument);
  EXPECT_THROW(start(odd("work"), ""), std::invalid_argument);
}

}  // namespace
}  // namespace mpmt::commands
