// Two sides over every channel and every floor: what was sent is what was read, and what goes wrong is said.
#include "pairs/pair.hpp"

#include <gtest/gtest.h>
#include <signal.h>

#include "base/cpus.hpp"
#include "cpu_used.hpp"
#include "footprint.hpp"
#include "in_child.hpp"
#include "pairs/patterns.hpp"

namespace mpmt::tests {
namespace {

using executors::Placement;
using executors::Status;
using ipc::Sides;
using pairs::Pattern;

/// A channel or a floor.
struct Carrier {
  std::string_view name;
  pairs::Connect connect;
  std::size_t max_payload_bytes;
  bool floor;
  Sides sides;

  std::string label() const { return text(sides == Sides::threads ? "threads_" : "processes_", name); }
  friend std::ostream& operator<<(std::ostream& out, const Carrier& carrier) { return out << carrier.label(); }
};

std::vector<Carrier> carriers() {
  std::vector<Carrier> all;
  for (const auto& channel : ipc::ChannelCatalog::instance().all()) {
    for (const auto sides : {Sides::threads, Sides::processes}) {
      if (sides == Sides::threads ? channel.between_threads : channel.between_processes) {
        all.push_back({channel.name, channel.connect, channel.max_payload_bytes, false, sides});
      }
    }
  }
  for (const auto& floor : ipc::FloorCatalog::instance().all()) {
    for (const auto sides : {Sides::threads, Sides::processes}) {
      all.push_back({floor.name, floor.connect, floor.max_payload_bytes, true, sides});
    }
  }
  return all;
}

std::string name_of_carrier(const ::testing::TestParamInfo<Carrier>& info) {
  return info.param.label();
}

class EveryPair : public ::testing::TestWithParam<Carrier> {
 protected:
  pairs::Config config(Pattern pattern, std::size_t bytes, Placement placement = Placement::spread) const {
    const bool floor_apart = GetParam().floor && placement == Placement::spread && usable_cpus().cpus.size() > 1;
    return {.sides = GetParam().sides,
            .pattern = pattern,
            .message_bytes = bytes,
            .window = pattern == Pattern::ping_pong || GetParam().floor ? std::size_t{1} : std::size_t{4},
            .rate = 20'000,
            .placement = placement,
            .wait = !GetParam().floor ? Wait::block
                    : floor_apart     ? Wait::spin
                                      : Wait::yield,
            .cpus = usable_cpus().cpus};
  }
  std::unique_ptr<executors::Executor> start(const pairs::Config& config) const {
    return pairs::start_pair(GetParam().connect, config, soon());
  }
};

TEST_P(EveryPair, who_rests_uses_no_cpu_and_talks_again_afterwards) {
  std::vector<std::unique_ptr<executors::Executor>> all;
  std::set<pid_t> processes;
  for (const auto wait : {Wait::block, Wait::yield, Wait::spin}) {
    auto how = config(Pattern::ping_pong, 64);
    if (!GetParam().floor) how.wait = wait;
    all.push_back(start(how));
    ASSERT_EQ(all.back()->run({10}, soon()).status, Status::ok);
    for (const auto& side : all.back()->workers()) processes.insert(side.pid);
  }
  EXPECT_LT(cpu_used_by(processes, std::chrono::seconds(1)), allowed_at_rest(all.size()));
  for (const auto& pair : all) EXPECT_EQ(pair->run({10}, soon()).status, Status::ok);
}

TEST_P(EveryPair, both_sides_read_what_was_sent) {
  for (const auto pattern : {Pattern::ping_pong, Pattern::stream, Pattern::open_loop}) {
    if (pattern == Pattern::open_loop && GetParam().floor) continue;
    for (const std::size_t bytes : {8U, 64U, 4096U}) {
      for (const auto placement : {Placement::same, Placement::spread}) {
        const auto how = config(pattern, bytes, placement);
        const auto pair = start(how);
        for (const std::uint64_t operations : {1U, 7U, 300U}) {
          Histogram latency;
          const auto outcome = pair->run({operations, false, &latency}, soon());
          ASSERT_EQ(outcome.status, Status::ok) << outcome.error;
          EXPECT_EQ(outcome.block.sum, pairs::expected_sum(how, operations)) << bytes;
          EXPECT_EQ(outcome.block.tasks, operations);
          EXPECT_EQ(outcome.block.messages, pattern == Pattern::ping_pong ? 2 * operations : operations);
          EXPECT_GT(outcome.block.wall_ns, 0);
          EXPECT_EQ(latency.count(), pattern == Pattern::stream ? 0 : operations);
        }
        EXPECT_TRUE(pair->shutdown(soon()));
      }
    }
  }
}

TEST_P(EveryPair, large_and_untouched_messages_travel_too) {
  for (const bool touched : {true, false}) {
    auto how = config(Pattern::ping_pong, std::min<std::size_t>(GetParam().max_payload_bytes / 8 * 8, 1 << 20));
    how.touched = touched;
    try {
      const auto pair = start(how);
      const auto outcome = pair->run({5, false, nullptr}, soon());
      ASSERT_EQ(outcome.status, Status::ok) << outcome.error;
      EXPECT_EQ(outcome.block.sum, pairs::expected_sum(how, 5));
    } catch (const ipc::LimitReached& limit) {
      GTEST_SKIP() << limit.what();
    }
  }
}

TEST_P(EveryPair, nothing_is_left) {
  const Footprint before;
  {
    const auto pair = start(config(Pattern::ping_pong, 64));
    EXPECT_EQ(pair->run({10, false, nullptr}, soon()).status, Status::ok);
  }
  EXPECT_EQ(footprint_after(before), before);
}

TEST_P(EveryPair, both_sides_are_described) {
  const auto pair = start(config(Pattern::ping_pong, 64));
  const auto facts = pair->workers();
  ASSERT_EQ(facts.size(), 2U);
  EXPECT_EQ(facts[0].pid, ::getpid());
  EXPECT_EQ(facts[1].pid == ::getpid(), GetParam().sides == Sides::threads);
  EXPECT_NE(facts[0].tid, facts[1].tid);
}

TEST_P(EveryPair, a_killed_side_is_reported) {
  if (GetParam().sides == Sides::threads) GTEST_SKIP() << "a thread is not killed alone";
  const auto pair = start(config(Pattern::ping_pong, 64));
  ASSERT_EQ(pair->run({1, false, nullptr}, soon()).status, Status::ok);
  ASSERT_EQ(::kill(pair->workers()[1].pid, SIGKILL), 0);
  const auto outcome = pair->run({1000, false, nullptr}, soon());
  EXPECT_EQ(outcome.status, Status::worker_died) << outcome.error;
  EXPECT_NE(outcome.error.find("SIGKILL"), std::string::npos) << outcome.error;
  EXPECT_EQ(pair->run({1, false, nullptr}, soon()).status, Status::error) << "a broken pair goes on";
}

INSTANTIATE_TEST_SUITE_P(all, EveryPair, ::testing::ValuesIn(carriers()), name_of_carrier);

TEST(Pairs, what_cannot_be_measured_is_refused) {
  const auto connect = ipc::ChannelCatalog::instance().find("shm_ring")->connect;
  const auto refusal = [&](pairs::Config config) -> std::string {
    try {
      pairs::start_pair(connect, config, soon());
    } catch (const std::invalid_argument& refused) {
      return refused.what();
    }
    return "accepted";
  };
  const auto cpus = usable_cpus().cpus;
  EXPECT_NE(refusal({.message_bytes = 12, .cpus = cpus}).find("multiples of 8"), std::string::npos);
  EXPECT_NE(refusal({.message_bytes = 0, .cpus = cpus}).find("message_bytes"), std::string::npos);
  EXPECT_NE(refusal({.pattern = Pattern::open_loop, .cpus = cpus}).find("rate"), std::string::npos);
  EXPECT_NE(refusal({}).find("cpus"), std::string::npos);
}

TEST(Pairs, a_damaged_a_lost_and_a_repeated_message_show_in_the_sum) {
  const pairs::Config config{.message_bytes = 16};
  EXPECT_EQ(pairs::expected_sum(config, 3), 2U * (1 + 2 + 3) * 2);
  EXPECT_EQ(pairs::expected_sum({.pattern = Pattern::stream, .message_bytes = 8}, 4), 10U);
  EXPECT_EQ(pairs::expected_sum({.pattern = Pattern::stream, .message_bytes = 800, .touched = false}, 4), 4U);
}

/// Takes nothing, gives nothing.
class DeafLink final : public ipc::WaitingLink, public ipc::WaitingEnd {
 public:
  ipc::WaitingEnd& end(ipc::Side) override { return *this; }
  void keep(ipc::Side) override {}
  bool send(const ipc::Message&, Deadline) override { return false; }
  std::optional<ipc::Message> receive(Deadline) override { return std::nullopt; }
  std::span<std::byte> lend(std::size_t bytes) override { return std::span(buffer_).first(bytes); }

 private:
  std::array<std::byte, 64> buffer_{};
};

TEST(Pairs, a_channel_that_is_late_ends_the_block_and_not_the_program) {
  const auto pair = pairs::start_pair([](const ipc::LinkConfig&) { return std::make_unique<DeafLink>(); },
                                      {.message_bytes = 64, .cpus = usable_cpus().cpus}, soon());
  const auto outcome = pair->run({1, false, nullptr}, soon());
  EXPECT_NE(outcome.status, Status::ok);
  EXPECT_NE(outcome.error.find("message 1"), std::string::npos) << outcome.error;
}

/// Remembers when it was asked to send.
class TimedEnd final : public ipc::WaitingEnd {
 public:
  bool send(const ipc::Message& message, Deadline) override {
    std::uint64_t due = 0;
    std::memcpy(&due, message.payload.data(), sizeof due);
    dues.push_back(due);
    const auto until =
        Clock::now() + (dues.size() == stalls_at ? std::chrono::milliseconds(20) : std::chrono::milliseconds(0));
    while (Clock::now() < until) {
    }
    return true;
  }
  std::optional<ipc::Message> receive(Deadline) override { return std::nullopt; }
  std::span<std::byte> lend(std::size_t bytes) override { return std::span(buffer_).first(bytes); }

  std::size_t stalls_at = 0;
  std::vector<std::uint64_t> dues;

 private:
  std::array<std::byte, 64> buffer_{};
};

TEST(OpenLoop, messages_are_due_at_the_rate_whatever_the_channel_does) {
  TimedEnd end;
  end.stalls_at = 3;
  const pairs::Config config{.pattern = Pattern::open_loop, .message_bytes = 64, .rate = 1000};
  const auto part = pairs::speak(end, config, 30, nullptr, soon());
  ASSERT_EQ(end.dues.size(), 30U);
  const auto start = static_cast<std::uint64_t>(part.first.time_since_epoch().count());
  for (std::size_t i = 0; i < end.dues.size(); ++i) EXPECT_EQ(end.dues[i] - start, (i + 1) * 1'000'000) << i;
}

}  // namespace
}  // namespace mpmt::tests
