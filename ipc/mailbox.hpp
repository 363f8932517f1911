// Floors in shared memory: one slot each way, which a message and its flag share.
//
// The message lies right behind the flag, so that the two take the fewest cache lines that hold them. A side that
// receives an answer knows by it that its own message has been read; only a side that sends again without having been
// answered (streaming) looks at the other's acknowledgement.
#pragma once

#include <new>

#include "ipc/buffer.hpp"
#include "ipc/limits.hpp"
#include "ipc/ring.hpp"
#include "ipc/segment.hpp"
#include "ipc/waiting.hpp"

namespace mpmt::ipc {

/// One direction. `flag` and `read` count messages; the message follows the flag.
struct Mailbox {
  alignas(kPadding) std::atomic<std::uint32_t> read{0};  ///< messages that the receiver is done with
  alignas(kPadding) std::atomic<std::uint32_t> flag{0};  ///< messages sent
  std::uint32_t unused = 0;

  std::byte* message() { return reinterpret_cast<std::byte*>(&flag) + sizeof(std::uint64_t); }
};

/// `Handover`: how a counter is published and awaited. Two functions:
///   static void publish(std::atomic<std::uint32_t>& counter, std::uint32_t value, FutexScope scope);
///   bool await(const std::atomic<std::uint32_t>& counter, std::uint32_t value, const Patience&, FutexScope scope);
template <class Handover, bool kCopies>
class MailboxEnd final : public WaitingEnd {
 public:
  MailboxEnd(Mailbox& outgoing, Mailbox& incoming, const LinkConfig& config, Side side, const Lifeline& lifeline,
             std::string_view floor)
      : outgoing_(outgoing),
        incoming_(incoming),
        config_(config),
        side_(side),
        lifeline_(lifeline),
        floor_(floor),
        built_(kCopies ? config.max_payload_bytes : 0) {}

  bool send(const Message& message, Deadline deadline) override {
    if (!await_room(deadline)) return false;
    if (kCopies) std::copy(message.payload.begin(), message.payload.end(), outgoing_.message());
    Handover::publish(outgoing_.flag, ++sent_, config_.futex_scope());
    answering_ = true;
    return true;
  }

  std::optional<Message> receive(Deadline deadline) override {
    if (reading_ && !answering_) Handover::publish(incoming_.read, received_, config_.futex_scope());
    reading_ = answering_ = false;
    if (!await(incoming_.flag, received_ + 1, deadline)) return std::nullopt;
    ++received_;
    reading_ = true;
    answered_ = sent_;
    return Message{{}, {incoming_.message(), config_.max_payload_bytes}};
  }

  /// Without a copy, the message is built where it will be read: waits until the one before has been, no longer than
  /// the last call's deadline.
  std::span<std::byte> lend(std::size_t bytes) override {
    if (kCopies) return {built_.data(), bytes};
    if (!await_room(deadline_)) throw std::runtime_error(text(floor_, ": no buffer became free before the deadline"));
    return {outgoing_.message(), bytes};
  }

 private:
  bool await_room(Deadline deadline) {
    deadline_ = deadline;
    if (answered_ == sent_) return true;
    if (!await(outgoing_.read, sent_, deadline)) return false;
    answered_ = sent_;
    return true;
  }

  bool await(const std::atomic<std::uint32_t>& counter, std::uint32_t value, Deadline deadline) {
    const Patience patience{config_.wait, deadline, lifeline_, side_, false, floor_};
    return Handover::await(counter, value, patience, config_.futex_scope());
  }

  Mailbox& outgoing_;
  Mailbox& incoming_;
  const LinkConfig config_;
  const Side side_;
  const Lifeline& lifeline_;
  const std::string_view floor_;
  Buffer built_;
  std::uint32_t sent_ = 0;
  std::uint32_t answered_ = 0;  ///< of those sent: known to have been read
  std::uint32_t received_ = 0;
  Deadline deadline_ = Deadline::max();
  bool reading_ = false;
  bool answering_ = false;  ///< has sent since it received: that tells the other side that its message has been read
};

template <class Handover, bool kCopies>
class MailboxLink final : public WaitingLink {
 public:
  MailboxLink(const LinkConfig& config, std::string_view floor)
      : box_bytes_((sizeof(Mailbox) + config.max_payload_bytes + kPadding - 1) / kPadding * kPadding),
        lifeline_(config.sides, floor),
        segment_(floor, 2 * box_bytes_),
        to_worker_(*new (segment_.data()) Mailbox),
        to_submitter_(*new (segment_.data() + box_bytes_) Mailbox),
        submitter_(to_worker_, to_submitter_, config, Side::submitter, lifeline_, floor),
        worker_(to_submitter_, to_worker_, config, Side::worker, lifeline_, floor) {}

  WaitingEnd& end(Side side) override { return side == Side::submitter ? submitter_ : worker_; }
  void keep(Side side) override {
    lifeline_.keep(side);
    segment_.populate_here();
  }

 private:
  const std::size_t box_bytes_;
  Lifeline lifeline_;
  Segment segment_;
  Mailbox& to_worker_;
  Mailbox& to_submitter_;
  MailboxEnd<Handover, kCopies> submitter_;
  MailboxEnd<Handover, kCopies> worker_;
};

/// Handover by looking at the counter. LinkConfig::wait `yield`: gives up the CPU between looks, for sides that share
/// one.
struct Polling {
  static void publish(std::atomic<std::uint32_t>& counter, std::uint32_t value, FutexScope) {
    counter.store(value, std::memory_order_release);
  }

  static bool await(const std::atomic<std::uint32_t>& counter, std::uint32_t value, const Patience& patience,
                    FutexScope) {
    const auto arrived = [&] { return counter.load(std::memory_order_acquire) == value; };
    for (auto next_look = Deadline::min();;) {
      for (unsigned look = 0; look < kSpinsPerClockRead; ++look) {
        if (arrived()) return true;
        if (patience.how == Wait::yield) {
          yield_cpu();
        } else {
          cpu_relax();
        }
      }
      bool success = false;
      const auto now = Clock::now();
      if (now < next_look && now < patience.deadline) continue;
      if (is_over(patience, arrived, success)) return success;
      next_look = now + kLongestSleep;
    }
  }
};

}  // namespace mpmt::ipc
