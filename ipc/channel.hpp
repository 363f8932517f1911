// How messages travel between a submitter and a worker. This folder knows nothing of tasks or workloads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string_view>

#include "base/bell.hpp"
#include "base/cache_line.hpp"
#include "base/catalog.hpp"
#include "base/clock.hpp"

namespace mpmt::ipc {

/// A message: a small head and a payload that may be empty. Copying channels copy both; by-reference channels copy the
/// head and hand over the payload's address.
struct Message {
  std::span<const std::byte> head;
  std::span<const std::byte> payload;
};

inline constexpr std::size_t kMaxHeadBytes = 64;

/// Where the two sides of a link live: two threads of one process, or two processes.
enum class Sides { threads, processes };

/// Which end of a link.
enum class Side { submitter, worker };

constexpr Side other(Side side) {
  return side == Side::submitter ? Side::worker : Side::submitter;
}

/// Which calls the two ends of a link will make; a link serves one kind. The other kind throws std::logic_error where
/// it could not be served.
///
/// `trying`: try_send and try_receive. Each direction holds `capacity` whole messages. Nobody is woken: who sleeps
/// until there is a message, as pools do, has means of its own for that. `waiting`: send and receive, which sleep on
/// the channel's own primitive. A message may be larger than what the channel holds at once; it then travels in pieces.
enum class Calls { trying, waiting };

struct LinkConfig {
  Sides sides = Sides::threads;
  std::size_t capacity = 1;           ///< messages that each direction holds at least; 1 or more
  std::size_t max_payload_bytes = 0;  ///< of one message
  Calls calls = Calls::trying;
  Wait wait = Wait::block;                         ///< of waiting calls
  std::optional<FutexScope> futex = std::nullopt;  ///< none: what `sides` need. Only for channels that sleep on a futex

  FutexScope futex_scope() const {
    return futex.value_or(sides == Sides::threads ? FutexScope::one_process : FutexScope::processes);
  }
};

/// The process at the other end has ended: no message will come from there, none will arrive there.
struct PeerGone : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// What this machine's limits do not allow; what() names the limit and its value.
struct LimitReached : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The waiting half of an end. Used by one thread at a time; the two ends are used concurrently. Messages arrive whole,
/// once, in the order sent.
///
/// Each end is on cache lines of its own: between threads both are parts of one link, and what one side remembers would
/// be fetched away by the other each time.
class alignas(kPadding) WaitingEnd {
 public:
  virtual ~WaitingEnd() = default;

  /// Sends, waiting for room until the deadline: true, or false when that has passed.
  ///
  /// Throws std::length_error naming the limit when head or payload is too large; PeerGone when the peer has ended and
  /// the message cannot be handed over, at most kNoticeOfDeath later; std::runtime_error when the deadline passes while
  /// half of a message is on its way, after which the link is of no use. What is sent to a peer that has ended while
  /// there is room may be lost without a word, as with a peer that ends a moment later.
  ///
  /// A by-reference channel hands over the payload's address: its bytes must stay as they are until the receiver
  /// has asked for the next message.
  virtual bool send(const Message& message, Deadline deadline) = 0;

  /// The next message, waiting until the deadline; nothing when that has passed. Its bytes are valid until the next
  /// receive on this end. Throws PeerGone when the peer has ended and nothing more will come, at most kNoticeOfDeath
  /// after its end; what it had sent before is delivered first (of a killed peer: where the channel's description says
  /// so).
  virtual std::optional<Message> receive(Deadline deadline) = 0;

  /// A buffer of `bytes` ≤ max_payload_bytes to build a payload in that is sent from this end: sending from it saves
  /// the copy that a send in one piece needs of what was built elsewhere. No message in flight refers to it. It may be
  /// sent more than once while its contents do not change; with each call another buffer may be lent.
  virtual std::span<std::byte> lend(std::size_t bytes) = 0;
};

/// One end of a link. Between processes a stopped or slow peer is not taken for a dead one.
class End : public WaitingEnd {
 public:
  /// Sends and returns true, or returns false at once when the channel is full. Throws std::length_error as send()
  /// does. With a peer that has ended it reports "full" or "empty" for ever, or lets messages go nowhere; it blocks no
  /// longer than kLockPatience and does not crash.
  virtual bool try_send(const Message& message) = 0;

  /// The next message, or nothing when there is none now. Its bytes are valid until the next receive on this end.
  virtual std::optional<Message> try_receive() = 0;
};

/// A try_ call waits at most this long for a lock whose holder may have died or been stopped, and then says "not now".
inline constexpr std::chrono::milliseconds kLockPatience{500};

/// A waiting call returns or throws at most this long after its peer has ended.
inline constexpr std::chrono::milliseconds kNoticeOfDeath{1000};

/// A bounded two-way connection of one submitter and one worker. Made before the worker is started; nothing of it
/// outlives its owners, also when they are killed: names are removed in the constructor, memory is released with the
/// last mapping. Not reused after either side has died.
///
/// After fork both processes have the link: each calls keep() with its own side, and destroys its copy of links that
/// are not its own. A death shows once every process but the peer has called keep() or destroyed its copy. Destruction
/// only releases this process's view.
class WaitingLink {
 public:
  virtual ~WaitingLink() = default;
  virtual WaitingEnd& end(Side side) = 0;
  /// Gives up what only the other side needs (descriptors that would hide its death). Not called between threads.
  virtual void keep(Side side) = 0;
};

class Link : public WaitingLink {
 public:
  End& end(Side side) override = 0;
};

struct Description {
  std::string_view name;
  std::string_view summary;  ///< one line
  bool between_threads = true;
  bool between_processes = true;
  bool by_reference = false;               ///< a payload built in a lent buffer is not copied
  int copies_per_message = 2;              ///< of the payload, one way, built in a lent buffer
  std::size_t max_payload_bytes = 0;       ///< of one message; this machine's limits may be lower (LimitReached)
  std::size_t default_capacity = 64;       ///< messages each way
  bool has_wait = true;                    ///< waiting calls wait as LinkConfig::wait says; false: they always block
  bool has_futex = false;                  ///< sleeps on a futex of its own: LinkConfig::futex applies
  bool survives_a_killed_peer = true;      ///< false: a waiting call may never return; the next field says when
  bool delivers_after_a_kill = true;       ///< what a killed peer had sent is still received
  std::string_view when_a_side_is_killed;  ///< what the other side sees, one line
  /// Throws std::length_error, LimitReached, std::system_error or std::runtime_error with the limit at fault; leaves
  /// nothing then.
  std::unique_ptr<Link> (*connect)(const LinkConfig&) = nullptr;
};

using ChannelCatalog = Catalog<Description>;
using Registration = Registered<Description>;

/// What hardware or kernel allow at best, for a channel to be measured against: something that hands bytes over, and is
/// no channel. It carries one message at a time, all of max_payload_bytes, without a head; whoever receives one answers
/// before the next is sent, or asks for the next before it is sent.
struct Floor {
  std::string_view name;
  std::string_view summary;  ///< one line: what is handed over, and how
  std::size_t max_payload_bytes = 0;
  bool has_futex = false;  ///< LinkConfig::futex applies
  std::unique_ptr<WaitingLink> (*connect)(const LinkConfig&) = nullptr;
};

using FloorCatalog = Catalog<Floor>;
using FloorRegistration = Registered<Floor>;

}  // namespace mpmt::ipc
