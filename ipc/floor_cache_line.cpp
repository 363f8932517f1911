// floor_cache_line: a message is written by one CPU and read by the other where it was written. Nothing is copied,
// nobody sleeps: what the caches take to hand over the lines.
#include "ipc/mailbox.hpp"

namespace mpmt::ipc {
namespace {

constexpr std::string_view kName = "floor_cache_line";
constexpr std::size_t kMaxPayload = std::size_t{16} << 20;

std::unique_ptr<WaitingLink> connect(const LinkConfig& config) {
  check(config, kName, kMaxPayload);
  return std::make_unique<MailboxLink<Polling, false>>(config, kName);
}

const FloorRegistration registered{{
    .name = kName,
    .summary = "cache lines written by one side and read by the other, who looks for them; on one CPU: sched_yield",
    .max_payload_bytes = kMaxPayload,
    .connect = connect,
}};

}  // namespace
}  // namespace mpmt::ipc
