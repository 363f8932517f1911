// shm_arena: payloads stay where they were built, in a Boost.Interprocess managed segment that both sides map, and only
// their places travel, over a ring (ipc/ring_end.hpp). What by_reference is to threads, between processes.
//
// All buffers are allocated as the link is made, by one process, so that the segment needs no lock. A message refers to
// its payload by the segment's handle, an offset, which means the same in every process.
//
// What that means when a side is killed: what it means for shm_ring. A buffer has one writer, and the receiver does not
// hear of it before it is complete.
#include <algorithm>
#include <array>
#include <boost/interprocess/indexes/iset_index.hpp>
#include <boost/interprocess/managed_external_buffer.hpp>
#include <boost/interprocess/mem_algo/rbtree_best_fit.hpp>
#include <boost/interprocess/sync/mutex_family.hpp>
#include <cstring>
#include <functional>
#include <vector>

#include "ipc/ring_end.hpp"

namespace mpmt::ipc {
namespace {

namespace bip = boost::interprocess;
using Arena = bip::basic_managed_external_buffer<char, bip::rbtree_best_fit<bip::null_mutex_family>, bip::iset_index>;

constexpr std::string_view kName = "shm_arena";
constexpr std::size_t kMaxPayload = std::size_t{16} << 20;

/// Where a payload lies: the head of the ring's message.
struct Place {
  Arena::handle_t handle;
  std::uint64_t bytes;
  std::uint64_t head_bytes;
};
/// The payload of the ring's message: the message's head, filled up. All records are of one size, so that it is known
/// how many a ring can hold, and so which buffers they can refer to.
using PaddedHead = std::array<std::byte, kMaxHeadBytes>;
constexpr std::size_t kRecordBytes = Ring::record_bytes(sizeof(Place) + sizeof(PaddedHead));

/// For `capacity` records, one that is being read, and the header to come. The consumer says at once what it is done
/// with: whole buffers depend on it.
RingSize ring_size(const LinkConfig& config) {
  return {(config.capacity + 2) * kRecordBytes, kCacheLine};
}

std::size_t most_in_ring(const LinkConfig& config) {
  return config.capacity + 1;
}

LinkConfig ring_config(LinkConfig config) {
  config.max_payload_bytes = sizeof(PaddedHead);
  return config;
}

/// The buffers that payloads of one direction are built in. The sending side's; the other one only reads their bytes.
class Buffers {
 public:
  /// Those that messages in the ring refer to, the one that is lent, and one to copy to.
  static std::size_t count(const LinkConfig& config) { return most_in_ring(config) + 2; }
  static std::size_t stride(const LinkConfig& config) {
    return std::max(kPadding, (config.max_payload_bytes + kPadding - 1) / kPadding * kPadding);
  }

  Buffers(Arena& arena, const LinkConfig& config)
      : most_in_ring_(ipc::most_in_ring(config)),
        stride_(stride(config)),
        data_(static_cast<std::byte*>(arena.allocate_aligned(count(config) * stride_, kPadding))),
        last_use_(count(config)) {}

  /// A buffer that no message in the ring refers to. It is the user's until the next one is lent.
  std::byte* lend() {
    lent_.reset();
    lent_ = next_free();
    return at(*lent_);
  }

  std::byte* copy(std::span<const std::byte> payload) {
    std::byte* const buffer = at(next_free());
    std::memcpy(buffer, payload.data(), payload.size());
    return buffer;
  }

  bool contain(const std::byte* address) const {
    return !std::less<>()(address, data_) && std::less<>()(address, at(last_use_.size()));
  }

  /// A message has been sent whose payload is at `payload`; null: without one.
  void sent(const std::byte* payload) {
    ++sent_;
    if (payload != nullptr) last_use_[static_cast<std::size_t>(payload - data_) / stride_] = sent_;
  }

 private:
  std::byte* at(std::size_t buffer) const { return data_ + buffer * stride_; }

  bool is_free(std::size_t buffer) const {
    const auto last = last_use_[buffer];
    return buffer != lent_ && (last == 0 || last + most_in_ring_ <= sent_);
  }

  /// In turn, so that it is the first one as a rule.
  std::size_t next_free() {
    do {
      next_ = (next_ + 1) % last_use_.size();
    } while (!is_free(next_));
    return next_;
  }

  const std::size_t most_in_ring_;
  const std::size_t stride_;
  std::byte* const data_;
  std::vector<std::uint64_t> last_use_;  ///< of each buffer: which message referred to it last, counted from 1
  std::uint64_t sent_ = 0;
  std::optional<std::size_t> lent_;
  std::size_t next_ = 0;
};

class ArenaEnd final : public End {
 public:
  ArenaEnd(End& ring, Arena& arena, const LinkConfig& config)
      : ring_(ring), arena_(arena), buffers_(arena, config), max_payload_(config.max_payload_bytes) {}

  bool try_send(const Message& message) override {
    return send_by(message, [&](const Message& place) { return ring_.try_send(place); });
  }
  bool send(const Message& message, Deadline deadline) override {
    return send_by(message, [&](const Message& place) { return ring_.send(place, deadline); });
  }
  std::optional<Message> try_receive() override { return found(ring_.try_receive()); }
  std::optional<Message> receive(Deadline deadline) override { return found(ring_.receive(deadline)); }
  std::span<std::byte> lend(std::size_t bytes) override { return {buffers_.lend(), bytes}; }

 private:
  /// A payload that was not built in one of our buffers is copied to one; for nothing, if the ring is then full.
  template <class Send>
  bool send_by(const Message& message, Send&& send) {
    check(message, kName, max_payload_);
    const std::byte* payload = nullptr;
    if (!message.payload.empty()) {
      payload = buffers_.contain(message.payload.data()) ? message.payload.data() : buffers_.copy(message.payload);
    }
    const Place place{payload == nullptr ? 0 : arena_.get_handle_from_address(payload), message.payload.size(),
                      message.head.size()};
    std::copy(message.head.begin(), message.head.end(), head_.begin());
    if (!send(Message{std::as_bytes(std::span(&place, 1)), head_})) return false;
    buffers_.sent(payload);
    return true;
  }

  std::optional<Message> found(const std::optional<Message>& sent) const {
    if (!sent) return std::nullopt;
    Place place;
    std::memcpy(&place, sent->head.data(), sizeof place);
    const auto* const payload =
        place.bytes == 0 ? nullptr : static_cast<const std::byte*>(arena_.get_address_from_handle(place.handle));
    return Message{sent->payload.first(place.head_bytes), {payload, place.bytes}};
  }

  End& ring_;
  const Arena& arena_;
  Buffers buffers_;
  const std::size_t max_payload_;
  PaddedHead head_{};
};

class ArenaLink final : public Link {
 public:
  explicit ArenaLink(const LinkConfig& config)
      : segment_(kName, segment_bytes(config)),
        arena_(bip::create_only, segment_.data(), segment_.size()),
        rings_(ring_config(config), ring_size(config), kName, [&](std::size_t) { return config.futex_scope(); }),
        submitter_(rings_.end(Side::submitter), arena_, config),
        worker_(rings_.end(Side::worker), arena_, config) {}

  End& end(Side side) override { return side == Side::submitter ? submitter_ : worker_; }
  void keep(Side side) override {
    rings_.keep(side);
    segment_.populate_here();
  }

 private:
  /// The buffers of both directions, and what Boost needs for itself.
  static std::size_t segment_bytes(const LinkConfig& config) {
    return 2 * Buffers::count(config) * Buffers::stride(config) + 4096;
  }

  Segment segment_;
  Arena arena_;
  RingLink<Bell> rings_;
  ArenaEnd submitter_;
  ArenaEnd worker_;
};

std::unique_ptr<Link> connect(const LinkConfig& config) {
  check(config, kName, kMaxPayload);
  return std::make_unique<ArenaLink>(config);
}

const Registration registered{{
    .name = kName,
    .summary = "payloads stay in a managed shared-memory segment, their places travel over a lock-free ring",
    .by_reference = true,
    .copies_per_message = 0,
    .max_payload_bytes = kMaxPayload,
    .has_futex = true,
    .when_a_side_is_killed = "waiting calls say so within a second; nothing else is harmed",
    .connect = connect,
}};

}  // namespace
}  // namespace mpmt::ipc
