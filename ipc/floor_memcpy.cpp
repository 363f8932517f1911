// floor_memcpy: floor_cache_line with one copy of each message, from the sender's memory into that which both sides
// map: the least that a channel costs whose users keep their own buffers.
#include "ipc/mailbox.hpp"

namespace mpmt::ipc {
namespace {

constexpr std::string_view kName = "floor_memcpy";
constexpr std::size_t kMaxPayload = std::size_t{16} << 20;

std::unique_ptr<WaitingLink> connect(const LinkConfig& config) {
  check(config, kName, kMaxPayload);
  return std::make_unique<MailboxLink<Polling, true>>(config, kName);
}

const FloorRegistration registered{{
    .name = kName,
    .summary = "one memory copy of each message into shared memory, read there; handed over as floor_cache_line does",
    .max_payload_bytes = kMaxPayload,
    .connect = connect,
}};

}  // namespace
}  // namespace mpmt::ipc
