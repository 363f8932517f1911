// floor_futex: a message is read where it was written, and its reader sleeps on a futex until it is woken. Every
// handover is one FUTEX_WAKE, every wait one FUTEX_WAIT without a time-out: what the kernel takes to wake somebody.
#include "ipc/mailbox.hpp"

namespace mpmt::ipc {
namespace {

constexpr std::string_view kName = "floor_futex";
constexpr std::size_t kMaxPayload = std::size_t{16} << 20;

struct Futex {
  static void publish(std::atomic<std::uint32_t>& counter, std::uint32_t value, FutexScope scope) {
    counter.store(value, std::memory_order_release);
    futex_wake(counter, scope);
  }

  static bool await(const std::atomic<std::uint32_t>& counter, std::uint32_t value, const Patience& patience,
                    FutexScope scope) {
    const auto arrived = [&] { return counter.load(std::memory_order_acquire) == value; };
    tick_in_blocking_calls();
    for (bool success = false;;) {
      const auto seen = counter.load(std::memory_order_acquire);
      if (seen == value) return true;
      futex_wait(counter, seen, scope, std::nullopt);
      if (!arrived() && is_over(patience, arrived, success)) return success;
    }
  }
};

std::unique_ptr<WaitingLink> connect(const LinkConfig& config) {
  check(config, kName, kMaxPayload);
  return std::make_unique<MailboxLink<Futex, false>>(config, kName);
}

const FloorRegistration registered{{
    .name = kName,
    .summary = "one FUTEX_WAKE and one FUTEX_WAIT a message, which is read where it was written",
    .max_payload_bytes = kMaxPayload,
    .has_futex = true,
    .connect = connect,
}};

}  // namespace
}  // namespace mpmt::ipc
