// eventfd_ring: the ring of shm_ring, but who finds it empty or full sleeps in read() of an eventfd.
//
// An eventfd shows up in poll() and epoll, which a futex does not; that is what it is chosen for.
#include <sys/eventfd.h>

#include <array>

#include "base/checked.hpp"
#include "base/fd.hpp"
#include "ipc/ring_end.hpp"

namespace mpmt::ipc {
namespace {

constexpr std::string_view kName = "eventfd_ring";
constexpr std::size_t kMaxPayload = std::size_t{16} << 20;

/// Two bells for each direction. Every process of a link has them under the same numbers.
class EventDescriptors {
 public:
  EventDescriptors() {
    for (auto& event : events_) event = Fd(checked([] { return ::eventfd(0, EFD_CLOEXEC); }, "eventfd", kName));
  }
  /// Each once.
  int next() { return events_[taken_++].get(); }

 private:
  std::array<Fd, 4> events_;
  std::size_t taken_ = 0;
};

/// What BasicBell is, with an eventfd for its futex: who sleeps first announces it in shared memory and looks again,
/// who rings first makes its message visible and then looks for a sleeper. A ring whose sleeper has found its message
/// in the meantime leaves the eventfd counted up: one sleep that comes later ends at once, for no reason.
class EventBell {
 public:
  explicit EventBell(EventDescriptors* events) : event_(events->next()) {}
  EventBell(const EventBell&) = delete;
  EventBell& operator=(const EventBell&) = delete;

  void ring() {
    RealMemory::fence();
    if (sleeping_.load(std::memory_order_relaxed) != 0) wake();
  }

  /// Sleeps unless `poll` has become true; whether it was. Wakes when rung, by a signal, or for no reason. There is no
  /// time-out: ticks take its place.
  template <class Poll>
  bool sleep_unless(Poll&& poll, std::optional<Deadline>) {
    sleeping_.store(1, std::memory_order_relaxed);
    RealMemory::fence();
    const bool done = poll();
    if (!done) sleep();
    sleeping_.store(0, std::memory_order_relaxed);
    return done;
  }

 private:
  void wake() {
    sleeping_.store(0, std::memory_order_relaxed);
    const std::uint64_t one = 1;
    checked([&] { return ::write(event_, &one, sizeof(one)); }, "write eventfd", kName);
  }

  void sleep() {
    std::uint64_t rings = 0;
    if (::read(event_, &rings, sizeof(rings)) == -1 && errno != EINTR) throw_system_error(errno, "read eventfd", kName);
  }

  RealMemory::Atomic<std::uint32_t> sleeping_{0};
  const int event_;
};

class EventfdLink final : public Link {
 public:
  explicit EventfdLink(const LinkConfig& config) : rings_(config, kName, [&](std::size_t) { return &events_; }) {}

  End& end(Side side) override { return rings_.end(side); }
  void keep(Side side) override { rings_.keep(side); }

 private:
  EventDescriptors events_;
  RingLink<EventBell> rings_;
};

std::unique_ptr<Link> connect(const LinkConfig& config) {
  check(config, kName, kMaxPayload);
  return std::make_unique<EventfdLink>(config);
}

const Registration registered{{
    .name = kName,
    .summary = "the ring of shm_ring, sleeping in read() of an eventfd; read in place",
    .copies_per_message = 1,
    .max_payload_bytes = kMaxPayload,
    .when_a_side_is_killed = "waiting calls say so within a second; nothing else is harmed",
    .connect = connect,
}};

}  // namespace
}  // namespace mpmt::ipc
