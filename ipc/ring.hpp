// A ring of messages in shared memory for one producer and one consumer, without locks.
//
// A message is a record: a header word, then its bytes, in one piece, beginning at a cache line. The header is 0 until
// the record is complete, so that the consumer, who waits by looking at the header of the record to come, gets "there
// is a message" and its first 56 bytes with one transfer of a cache line; a tail index that both sides share would cost
// a second one. The producer clears the header that follows a record before it publishes the record: the consumer never
// takes old bytes for a header. A record that does not fit before the end of the ring begins at its start, and a mark
// is left in its place.
//
// The consumer reads a record in place and tells the producer what it is done with by one counter, `consumed`, which
// it writes seldom: when it has freed some kilobytes, or found the ring empty. The producer reads that only when the
// room it knows of is used up. Each side's own position and the shared counter are on cache lines of their own.
//
// The counters are those of L. Lamport's single-producer ring (Specifying Concurrent Program Modules, TOPLAS 1983);
// records whose length word is written last are how the log buffers of M. Thompson's Aeron work.
#pragma once

#include <algorithm>
#include <cstdint>
#include <new>
#include <optional>

#include "base/cache_line.hpp"
#include "base/memory_model.hpp"
#include "ipc/channel.hpp"

namespace mpmt::ipc {

/// The shared state of a ring, and where its records lie. `Memory`: see base/memory_model.hpp.
template <class Memory>
class BasicRing {
  using Counter = typename Memory::template Atomic<std::uint64_t>;

 public:
  static constexpr std::size_t kHeaderBytes = sizeof(std::uint64_t);
  /// What a consumer reads before it tells the producer, unless the ring is empty earlier.
  static constexpr std::size_t kLaziness = 4096;

  /// Space that a message takes.
  static constexpr std::size_t record_bytes(std::size_t message_bytes) {
    return (kHeaderBytes + message_bytes + kCacheLine - 1) / kCacheLine * kCacheLine;
  }

  /// Size of a ring that always has room for one more message while fewer than `capacity` of the largest are in it,
  /// one is being read, and as much as the consumer may keep to itself has been read; the end of the ring may be left
  /// unused by nearly a record, and the header to come takes a line.
  static constexpr std::size_t bytes_for(std::size_t capacity, std::size_t max_message_bytes,
                                         std::size_t laziness = kLaziness) {
    return (capacity + 2) * record_bytes(max_message_bytes) + laziness + kCacheLine;
  }

  /// In memory that both sides map: this object, and `bytes` (a multiple of kCacheLine) of zeros at `records`, aligned
  /// to a cache line. `first` is where positions begin to count: any number. `laziness`: a multiple of kCacheLine.
  BasicRing(std::byte* records, std::size_t bytes, std::size_t laziness = kLaziness, std::uint64_t first = 0)
      : consumed_(first), first_(first), records_(records), bytes_(bytes), laziness_(laziness) {
    new (records) Counter(0);
  }
  BasicRing(const BasicRing&) = delete;
  BasicRing& operator=(const BasicRing&) = delete;

  /// Positions count bytes from the ring's beginning, modulo 2^64; offsets are places in it.
  struct Place {
    std::uint64_t position;
    std::size_t offset = 0;
  };

 private:
  template <class>
  friend class BasicProducer;
  template <class>
  friend class BasicConsumer;

  Counter& header(std::size_t offset) const { return *reinterpret_cast<Counter*>(records_ + offset); }

  Place after(Place place, std::size_t bytes) const {
    place.position += bytes;
    place.offset += bytes;
    if (place.offset == bytes_) place.offset = 0;
    return place;
  }

  alignas(kPadding) Counter consumed_;  ///< written by the consumer
  alignas(kPadding) const std::uint64_t first_;
  std::byte* const records_;  ///< at the same address in a forked process
  const std::size_t bytes_;
  const std::size_t laziness_;
};

/// A header word: 40 bits of payload size, 8 of head size, 14 for the producer's CPU, a mark, and "there is a record".
struct RecordHeader {
  static constexpr std::uint64_t kThere = std::uint64_t{1} << 63;
  static constexpr std::uint64_t kGoOnAtStart = std::uint64_t{1} << 62;
  static constexpr unsigned kNoCpu = (1U << 14) - 1;

  static constexpr std::uint64_t encode(std::size_t head, std::size_t payload, unsigned cpu) {
    return kThere | std::uint64_t{std::min(cpu, kNoCpu)} << 48 | std::uint64_t{head} << 40 | payload;
  }
  static constexpr std::size_t payload(std::uint64_t word) { return word & ((std::uint64_t{1} << 40) - 1); }
  static constexpr std::size_t head(std::uint64_t word) { return word >> 40 & 0xff; }
  static constexpr unsigned cpu(std::uint64_t word) { return static_cast<unsigned>(word >> 48 & kNoCpu); }
};

/// The producer's view of a ring. Its state is its own: used by one thread, and after fork by one process.
template <class Memory>
class BasicProducer {
 public:
  using Ring = BasicRing<Memory>;

  explicit BasicProducer(Ring& ring) : ring_(ring), next_{ring.first_}, consumed_(ring.first_) {}

  /// Appends the message, or returns false when there is no room. `cpu`: where the producer runs, if it wants to tell.
  bool try_push(const Message& message, unsigned cpu = RecordHeader::kNoCpu) {
    const std::size_t size = Ring::record_bytes(message.head.size() + message.payload.size());
    const std::size_t left = ring_.bytes_ - next_.offset;
    const std::size_t unused = size <= left ? 0 : left;
    if (!has_room(unused + size + kCacheLine)) return false;

    auto place = next_;
    if (unused > 0) place = ring_.after(next_, unused);
    std::byte* const bytes = ring_.records_ + place.offset + Ring::kHeaderBytes;
    std::copy(message.payload.begin(), message.payload.end(),
              std::copy(message.head.begin(), message.head.end(), bytes));
    const auto following = ring_.after(place, size);
    ring_.header(following.offset).store(0, std::memory_order_relaxed);
    const auto word = RecordHeader::encode(message.head.size(), message.payload.size(), cpu);
    ring_.header(place.offset).store(word, std::memory_order_release);
    if (unused > 0) {
      ring_.header(next_.offset).store(RecordHeader::kThere | RecordHeader::kGoOnAtStart, std::memory_order_release);
    }
    next_ = following;
    return true;
  }

 private:
  bool has_room(std::size_t wanted) {
    if (free_bytes() >= wanted) return true;
    consumed_ = ring_.consumed_.load(std::memory_order_acquire);
    return free_bytes() >= wanted;
  }
  std::size_t free_bytes() const { return ring_.bytes_ - (next_.position - consumed_); }

  Ring& ring_;
  typename Ring::Place next_;
  std::uint64_t consumed_;  ///< as last read
};

/// The consumer's view of a ring; see the producer's.
template <class Memory>
class BasicConsumer {
 public:
  using Ring = BasicRing<Memory>;

  explicit BasicConsumer(Ring& ring) : ring_(ring), next_{ring.first_}, published_(ring.first_) {}

  /// The next message, in place, or nothing. It stays there until pop().
  std::optional<Message> front() {
    auto word = ring_.header(next_.offset).load(std::memory_order_acquire);
    if (word == 0) {
      // Who looks for the record's first line all the time gets the second one along with it, not after it.
      __builtin_prefetch(ring_.records_ + next_.offset + kCacheLine);
      return std::nullopt;
    }
    if ((word & RecordHeader::kGoOnAtStart) != 0) {
      next_ = ring_.after(next_, ring_.bytes_ - next_.offset);
      word = ring_.header(next_.offset).load(std::memory_order_acquire);  // was complete before the mark was set
    }
    const std::size_t head = RecordHeader::head(word);
    const std::size_t payload = RecordHeader::payload(word);
    const std::byte* const bytes = ring_.records_ + next_.offset + Ring::kHeaderBytes;
    size_ = Ring::record_bytes(head + payload);
    producer_cpu_ = RecordHeader::cpu(word);
    return Message{{bytes, head}, {bytes + head, payload}};
  }

  /// Done with the message that front() gave; true when the producer should be told now.
  bool pop() {
    next_ = ring_.after(next_, size_);
    return unpublished() >= ring_.laziness_;
  }

  /// Tells the producer of all the room there is; whether that was news.
  bool publish() {
    if (unpublished() == 0) return false;
    published_ = next_.position;
    ring_.consumed_.store(published_, std::memory_order_release);
    return true;
  }

  /// Where the producer ran when it sent the message that front() gave last; kNoCpu when it did not say.
  unsigned producer_cpu() const { return producer_cpu_; }

 private:
  std::uint64_t unpublished() const { return next_.position - published_; }

  Ring& ring_;
  typename Ring::Place next_;
  std::uint64_t published_;
  std::size_t size_ = 0;
  unsigned producer_cpu_ = RecordHeader::kNoCpu;
};

using Ring = BasicRing<RealMemory>;
using Producer = BasicProducer<RealMemory>;
using Consumer = BasicConsumer<RealMemory>;

}  // namespace mpmt::ipc
