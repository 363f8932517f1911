// The worked examples of docs/adding-a-part.md do what they are said to do, through the catalogues as `mpmt` does.
#include <fcntl.h>
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <optional>
#include <string>
#include <tuple>

#include "base/child_process.hpp"
#include "base/text.hpp"
#include "executors/executor.hpp"
#include "ipc/channel.hpp"
#include "scratch_dir.hpp"
#include "workloads/kernel.hpp"
#include "workloads/workload.hpp"

namespace mpmt::tests {
namespace {

Deadline soon() {
  return Clock::now() + std::chrono::seconds(20);
}

std::unique_ptr<workloads::Fixture> prepare_table_walk(const ScratchDir& data_dir, std::uint64_t grain,
                                                       std::size_t payload_bytes = 0) {
  const auto* const workload = workloads::WorkloadCatalog::instance().find("table_walk");
  return workload == nullptr ? nullptr : workload->prepare({grain, payload_bytes, data_dir.path()});
}

// ---- the workload --------------------------------------------------------------------------------------------------

TEST(DocsExamples, the_workload_gives_the_expected_sum_however_it_is_split) {
  const ScratchDir data_dir;
  const auto fixture = prepare_table_walk(data_dir, 500);
  ASSERT_NE(fixture, nullptr);
  const auto session = fixture->open(0);
  for (const std::uint64_t batch : {1U, 7U, 16U, 100U}) {
    std::uint64_t sum = 0;
    for (std::uint64_t done = 0; done < 100; done += batch) {
      sum += session->run({done, std::min<std::uint64_t>(batch, 100 - done)}, {}, {});
    }
    EXPECT_EQ(sum, fixture->expected_sum({0, 100})) << "batch " << batch;
  }
}

TEST(DocsExamples, the_workloads_tasks_differ_and_none_is_zero) {
  const ScratchDir data_dir;
  const auto fixture = prepare_table_walk(data_dir, 3);
  ASSERT_NE(fixture, nullptr);
  EXPECT_NE(fixture->expected_sum({0, 1}), 0U);
  EXPECT_NE(fixture->expected_sum({0, 1}), fixture->expected_sum({1, 1}));
  EXPECT_NE(fixture->expected_sum({0, 1}), fixture->expected_sum({workloads::kVariants, 1}));
}

// ---- the channel ---------------------------------------------------------------------------------------------------

struct Text {
  std::uint64_t number;
  std::array<char, 8> filler;
};

ipc::Message message_of(const Text& head, std::span<const std::byte> payload) {
  return {std::as_bytes(std::span(&head, 1)), payload};
}

/// The number in the message's head; -1 unless head and payload are those of that number.
std::int64_t number_in(const ipc::Message& message) {
  Text head{};
  if (message.head.size() != sizeof head) return -1;
  std::memcpy(&head, message.head.data(), sizeof head);
  if (message.payload.size() != head.number % 1000) return -1;
  for (const auto byte : message.payload) {
    if (byte != static_cast<std::byte>(head.number)) return -1;
  }
  return static_cast<std::int64_t>(head.number);
}

bool send_number(ipc::End& end, std::uint64_t number) {
  const auto payload = end.lend(number % 1000);
  std::fill(payload.begin(), payload.end(), static_cast<std::byte>(number));
  return end.send(message_of({number, {}}, payload), soon());
}

std::unique_ptr<ipc::Link> connect_slot_ring(ipc::Sides sides, std::size_t capacity) {
  const auto* const channel = ipc::ChannelCatalog::instance().find("slot_ring");
  return channel == nullptr ? nullptr : channel->connect({sides, capacity, 1000});
}

TEST(DocsExamples, the_channel_holds_what_it_promises_and_says_when_it_is_full) {
  const auto link = connect_slot_ring(ipc::Sides::threads, 5);
  ASSERT_NE(link, nullptr);
  auto& submitter = link->end(ipc::Side::submitter);
  auto& worker = link->end(ipc::Side::worker);
  EXPECT_FALSE(worker.try_receive());
  std::uint64_t sent = 0;
  while (sent < 100 && submitter.try_send(message_of({sent, {}}, std::vector(sent, static_cast<std::byte>(sent))))) {
    ++sent;
  }
  EXPECT_GE(sent, 5U);
  EXPECT_LT(sent, 100U);
  EXPECT_FALSE(submitter.send(message_of({0, {}}, {}), Clock::now() + std::chrono::milliseconds(5)));
  for (std::uint64_t number = 0; number < sent; ++number) {
    const auto message = worker.try_receive();
    ASSERT_TRUE(message) << number;
    EXPECT_EQ(number_in(*message), static_cast<std::int64_t>(number));
  }
  EXPECT_FALSE(worker.try_receive());
  EXPECT_FALSE(worker.receive(Clock::now() + std::chrono::milliseconds(5)));
}

TEST(DocsExamples, the_channel_refuses_what_is_too_large) {
  EXPECT_THROW(ipc::ChannelCatalog::instance().find("slot_ring")->connect({ipc::Sides::threads, 0, 10}),
               std::length_error);
  const auto link = connect_slot_ring(ipc::Sides::threads, 1);
  const std::vector<std::byte> large(1001);
  EXPECT_THROW(link->end(ipc::Side::worker).try_send({{}, large}), std::length_error);
}

TEST(DocsExamples, the_channel_delivers_whole_once_and_in_order_between_processes) {
  const auto link = connect_slot_ring(ipc::Sides::processes, 3);
  ASSERT_NE(link, nullptr);
  constexpr std::uint64_t kMessages = 5000;
  ChildProcess echo("echo", [&] {
    link->keep(ipc::Side::worker);
    auto& end = link->end(ipc::Side::worker);
    for (std::uint64_t number = 0; number < kMessages; ++number) {
      const auto message = end.receive(soon());
      if (!message || number_in(*message) != static_cast<std::int64_t>(number)) throw std::runtime_error("not whole");
      if (!send_number(end, number)) throw std::runtime_error("full");
    }
  });
  link->keep(ipc::Side::submitter);
  auto& end = link->end(ipc::Side::submitter);
  std::uint64_t back = 0;
  for (std::uint64_t number = 0; number < kMessages; ++number) {
    ASSERT_TRUE(send_number(end, number));
    while (back + 2 < number) ASSERT_EQ(number_in(end.receive(soon()).value()), static_cast<std::int64_t>(back++));
  }
  while (back < kMessages) ASSERT_EQ(number_in(end.receive(soon()).value()), static_cast<std::int64_t>(back++));
  const auto ended = echo.reap(soon());
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->describe(), "exited with 0");
}

TEST(DocsExamples, the_channel_reports_empty_after_the_other_side_was_killed) {
  const auto link = connect_slot_ring(ipc::Sides::processes, 3);
  ChildProcess worker("worker", [&] {
    while (true) send_number(link->end(ipc::Side::worker), 1);
  });
  auto& end = link->end(ipc::Side::submitter);
  ASSERT_TRUE(end.receive(soon()));
  worker.kill(SIGKILL);
  ASSERT_TRUE(worker.reap(soon()));
  int left = 0;
  while (const auto message = end.try_receive()) {
    EXPECT_EQ(number_in(*message), 1);
    ASSERT_LT(++left, 10);
  }
  EXPECT_FALSE(end.receive(Clock::now() + std::chrono::milliseconds(5)));
}

// ---- the executor, and all of them together ------------------------------------------------------------------------

using Pair = std::tuple<const char*, const char*>;

class ExamplePools : public ::testing::TestWithParam<Pair> {};

TEST_P(ExamplePools, run_every_task_once) {
  const auto [executor_name, channel_name] = GetParam();
  const auto* const description = executors::ExecutorCatalog::instance().find(executor_name);
  ASSERT_NE(description, nullptr);
  const ScratchDir data_dir;
  constexpr std::size_t kPayload = 100;
  const auto fixture = prepare_table_walk(data_dir, 50, kPayload);
  ASSERT_NE(fixture, nullptr);
  for (const int workers : {1, 3}) {
    executors::Config config;
    config.channel = ipc::ChannelCatalog::instance().find(channel_name);
    ASSERT_NE(config.channel, nullptr);
    config.workers = workers;
    config.batch = 4;
    config.window = 3;
    config.payload_bytes = kPayload;
    config.placement = executors::Placement::free;
    config.cpus = {0};
    const auto executor = description->start(*fixture, config, soon());
    for (const std::uint64_t tasks : {0U, 1U, 250U}) {
      const auto outcome = executor->run({tasks, true, nullptr}, soon());
      ASSERT_EQ(outcome.status, executors::Status::ok) << outcome.error;
      EXPECT_EQ(outcome.block.sum, fixture->expected_sum({0, tasks})) << tasks << " tasks, " << workers << " workers";
    }
    EXPECT_EQ(executor->workers().size(), static_cast<std::size_t>(workers));
    EXPECT_TRUE(executor->shutdown(soon()));
  }
}

INSTANTIATE_TEST_SUITE_P(docs, ExamplePools,
                         ::testing::Values(Pair{"thread_pool", "slot_ring"}, Pair{"process_pool", "slot_ring"},
                                           Pair{"threads_own_files", "slot_ring"},
                                           Pair{"threads_own_files", "boost_queue"},
                                           Pair{"threads_own_files", "by_reference"}),
                         [](const auto& pair) {
                           return text(std::get<0>(pair.param), "_over_", std::get<1>(pair.param));
                         });

/// A session that opens a file, and tells by its sum how many descriptors its worker's table has.
class Counting final : public workloads::Session {
 public:
  explicit Counting(const Fd& shared) : copy_(::dup(shared.get())) {}
  std::uint64_t run(workloads::TaskRange, std::span<const std::byte>, std::span<std::byte>) override {
    return static_cast<std::uint64_t>(copy_.get());
  }

 private:
  Fd copy_;
};

class CountingFixture final : public workloads::Fixture {
 public:
  std::unique_ptr<workloads::Session> open(int) override { return std::make_unique<Counting>(null_); }
  std::uint64_t expected_sum(workloads::TaskRange) const override { return 0; }

 private:
  Fd null_{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
};

/// The sum of the descriptor numbers that three workers got, each by opening one file.
std::uint64_t descriptors_of_three(const char* executor_name) {
  CountingFixture fixture;
  executors::Config config;
  config.channel = ipc::ChannelCatalog::instance().find("by_reference");
  config.workers = 3;
  config.placement = executors::Placement::free;
  config.cpus = {0};
  const auto executor = executors::ExecutorCatalog::instance().find(executor_name)->start(fixture, config, soon());
  return executor->run({3, false, nullptr}, soon()).block.sum;
}

TEST(DocsExamples, the_executors_workers_have_descriptor_tables_of_their_own) {
  const std::uint64_t shared = descriptors_of_three("thread_pool");
  const std::uint64_t own = descriptors_of_three("threads_own_files");
  // With one task in flight per worker, the first three tasks go to three workers: n, n + 1, n + 2 in one table;
  // n, n, n in three.
  EXPECT_EQ(own % 3, 0U);
  EXPECT_EQ(shared, own + 3);
}

}  // namespace
}  // namespace mpmt::tests
