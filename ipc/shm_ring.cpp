// shm_ring: a lock-free ring each way in shared memory (ipc/ring.hpp); who finds it empty or full sleeps on a futex.
//
// What that means when a side is killed: there is no lock that it could hold, and a record that it had begun was never
// published. The other side sleeps until a tick (ipc/ticks.hpp) at most and then looks at its lifeline.
#include "ipc/ring_end.hpp"

namespace mpmt::ipc {
namespace {

constexpr std::string_view kName = "shm_ring";
constexpr std::size_t kMaxPayload = std::size_t{16} << 20;

std::unique_ptr<Link> connect(const LinkConfig& config) {
  check(config, kName, kMaxPayload);
  return std::make_unique<RingLink<Bell>>(config, kName, [&](std::size_t) { return config.futex_scope(); });
}

const Registration registered{{
    .name = kName,
    .summary = "lock-free single-producer ring in shared memory, one each way; sleeps on a futex; read in place",
    .copies_per_message = 1,
    .max_payload_bytes = kMaxPayload,
    .has_futex = true,
    .when_a_side_is_killed = "waiting calls say so within a second; nothing else is harmed",
    .connect = connect,
}};

}  // namespace
}  // namespace mpmt::ipc
