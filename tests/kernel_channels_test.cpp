// What is particular to the channels that the kernel carries: limits of the machine that name themselves, and links
// that serve one kind of calls only.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "channel_sides.hpp"

namespace mpmt::tests {
namespace {

using ipc::Calls;
using ipc::Side;
using ipc::Sides;

TEST(KernelStreams, a_link_serves_the_calls_it_was_made_for) {
  const Script script;
  for (const auto name : {"pipe", "unix_stream", "tcp_loopback"}) {
    const auto& channel = *ipc::ChannelCatalog::instance().find(name);
    ipc::LinkConfig config{.capacity = 4, .max_payload_bytes = Script::kMaxPayload};
    const auto trying = channel.connect(config);
    EXPECT_THROW(trying->end(Side::submitter).send(script.message(0), soon()), std::logic_error) << name;
    EXPECT_THROW(trying->end(Side::submitter).receive(soon()), std::logic_error) << name;
    config.calls = Calls::waiting;
    const auto waiting = channel.connect(config);
    EXPECT_THROW(waiting->end(Side::submitter).try_send(script.message(0)), std::logic_error) << name;
    EXPECT_THROW(waiting->end(Side::submitter).try_receive(), std::logic_error) << name;
  }
}

/// What the refusal says; empty when the link was made.
std::string refusal(std::string_view name, const ipc::LinkConfig& config) {
  try {
    ipc::ChannelCatalog::instance().find(name)->connect(config);
  } catch (const ipc::LimitReached& limit) {
    return limit.what();
  }
  return {};
}

TEST(KernelLimits, a_user_without_room_for_queues_is_told_the_limit) {
  EXPECT_EQ(in_child([&] {
              const rlimit little{10'000, 10'000};
              require(::setrlimit(RLIMIT_MSGQUEUE, &little) == 0, "setrlimit");
              const Footprint before;
              const auto what = refusal("posix_queue", {Sides::threads, 4, 4000});
              require(what.find("RLIMIT_MSGQUEUE is 10000") != std::string::npos, what);
              require(Footprint() == before, text("something is left: ", Footprint()));
            }),
            "");
}

TEST(KernelLimits, sizes_beyond_what_the_kernel_ever_grants_are_refused_with_the_limit) {
  const ipc::LinkConfig many{Sides::threads, 1'000'000, 16'000};
  EXPECT_NE(refusal("pipe", many).find("/proc/sys/fs/pipe-max-size is "), std::string::npos);
  EXPECT_NE(refusal("posix_queue", many).find("/proc/sys/fs/mqueue/msg_max is "), std::string::npos);
  for (const auto name : {"unix_stream", "unix_seqpacket", "tcp_loopback"}) {
    const auto what = refusal(name, many);
    EXPECT_NE(what.find("net.core.wmem_max is "), std::string::npos) << name << ": " << what;
  }
}

}  // namespace
}  // namespace mpmt::tests
