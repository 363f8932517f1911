// What a task takes at a grain.
#include "benchmarks/judge/task_times.hpp"

#include <gtest/gtest.h>

#include "resolved.hpp"

namespace mpmt::benchmarks {
namespace {

Case prime_case(const std::string& executor, int workers = 1, std::uint64_t grain = 100) {
  Case measured;
  measured.workload = "prime_count";
  measured.executor = executor;
  measured.grain = grain;
  measured.workers = workers;
  if (executor != "serial") measured.channel = "shm_ring";
  return resolved(measured);
}

TEST(TaskTimes, the_serial_case_of_the_same_work_says_what_a_task_takes) {
  TaskTimes times;
  for (const double ns : {1020.0, 1000.0, 1500.0}) times.add(prime_case("serial"), ns);
  times.add(prime_case("serial", 1, 200), 2000);
  times.add(prime_case("thread_pool", 2), 600);
  const auto found = times.of(prime_case("thread_pool", 2));
  EXPECT_EQ(found.by, "serial");
  EXPECT_EQ(found.ns, 1020);
  EXPECT_EQ(text_of(found), "1.02 us serial");
}

TEST(TaskTimes, the_serial_case_with_the_same_batch_comes_first) {
  TaskTimes times;
  auto batched = prime_case("serial");
  batched.batch = 64;
  times.add(prime_case("serial"), 1000);
  times.add(batched, 900);
  auto pool = prime_case("process_pool", 2);
  EXPECT_EQ(times.of(pool).ns, 1000);
  pool.batch = 64;
  EXPECT_EQ(times.of(pool).ns, 900);
}

TEST(TaskTimes, without_a_serial_case_it_is_the_case_itself_and_named) {
  TaskTimes times;
  times.add(prime_case("thread_pool", 2), 600);
  EXPECT_EQ(text_of(times.of(prime_case("thread_pool", 2))), "600 ns thread_pool x2");
  EXPECT_EQ(text_of(times.of(prime_case("process_pool", 2))), "-");
}

TEST(TaskTimes, a_bare_channel_has_no_tasks) {
  Case channel;
  channel.family = "channel";
  channel.channel = "pipe";
  TaskTimes times;
  times.add(channel, 5);
  EXPECT_EQ(text_of(times.of(channel)), "-");
}

}  // namespace
}  // namespace mpmt::benchmarks
