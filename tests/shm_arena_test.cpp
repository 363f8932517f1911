// What shm_arena does with its buffers, beyond what every channel promises.
#include <gtest/gtest.h>

#include <cstring>
#include <deque>

#include "channel_sides.hpp"

namespace mpmt::tests {
namespace {

using ipc::Side;

constexpr std::size_t kPayload = 512;

class ShmArena : public ::testing::Test {
 protected:
  std::unique_ptr<ipc::Link> connect(std::size_t capacity) const {
    return ipc::ChannelCatalog::instance()
        .find("shm_arena")
        ->connect({.sides = ipc::Sides::threads, .capacity = capacity, .max_payload_bytes = kPayload});
  }
};

TEST_F(ShmArena, a_payload_built_in_a_lent_buffer_is_read_where_it_was_built) {
  const auto link = connect(1);
  const auto lent = link->end(Side::submitter).lend(kPayload);
  ASSERT_TRUE(link->end(Side::submitter).try_send({{}, lent.subspan(64, 100)}));
  const auto message = link->end(Side::worker).try_receive();
  ASSERT_TRUE(message);
  EXPECT_EQ(message->payload.data(), lent.data() + 64);
  EXPECT_EQ(message->payload.size(), 100U);
}

TEST_F(ShmArena, a_view_of_what_was_received_can_be_sent_back) {
  const auto link = connect(2);
  auto& submitter = link->end(Side::submitter);
  auto& worker = link->end(Side::worker);
  for (int turn = 0; turn < 100; ++turn) {
    const auto lent = submitter.lend(kPayload);
    std::ranges::fill(lent, static_cast<std::byte>(turn));
    ASSERT_TRUE(submitter.try_send({{}, lent}));
    const auto request = worker.try_receive();
    ASSERT_TRUE(request);
    ASSERT_TRUE(worker.try_send(*request));
    const auto reply = submitter.try_receive();
    ASSERT_TRUE(reply);
    EXPECT_NE(reply->payload.data(), lent.data());
    EXPECT_TRUE(std::ranges::equal(reply->payload, lent));
  }
}

/// Lends, with and without sending, sends what was lent more than once, and sends payloads from elsewhere, at random.
TEST_F(ShmArena, no_buffer_is_written_that_the_user_or_a_message_still_needs) {
  std::mt19937 random(17);
  for (const std::size_t capacity : {1U, 2U, 5U}) {
    const auto link = connect(capacity);
    auto& sender = link->end(Side::submitter);
    auto& receiver = link->end(Side::worker);
    std::deque<std::uint32_t> in_flight;
    std::vector<std::byte> elsewhere(kPayload);
    std::span<std::byte> lent;
    std::uint32_t filled = 0;
    std::uint32_t lent_value = 0;
    const auto fill = [&](std::span<std::byte> bytes) {
      ++filled;
      for (std::size_t at = 0; at < bytes.size(); at += sizeof filled) std::memcpy(&bytes[at], &filled, sizeof filled);
    };
    const auto is = [&](std::span<const std::byte> bytes, std::uint32_t value) {
      return std::memcmp(bytes.data(), &value, sizeof value) == 0 &&
             std::memcmp(&bytes[bytes.size() - sizeof value], &value, sizeof value) == 0;
    };
    for (int step = 0; step < 20'000; ++step) {
      const auto choice = random() % 8;
      if (choice < 2 || lent.empty()) {
        fill(lent = sender.lend(kPayload));
        lent_value = filled;
      } else if (choice < 6) {
        const bool from_elsewhere = choice < 4;
        if (from_elsewhere) fill(elsewhere);
        if (sender.try_send({{}, from_elsewhere ? elsewhere : lent})) {
          in_flight.push_back(from_elsewhere ? filled : lent_value);
        }
      } else if (const auto message = receiver.try_receive()) {
        ASSERT_TRUE(is(message->payload, in_flight.front())) << "step " << step;
        in_flight.pop_front();
      }
      ASSERT_TRUE(is(lent, lent_value)) << "step " << step;
    }
  }
}

}  // namespace
}  // namespace mpmt::tests
