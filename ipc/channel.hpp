// How messages travel between a submitter and a worker. This folder knows nothing of tasks or workloads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string_view>

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

struct LinkConfig {
  Sides sides = Sides::threads;
  std::size_t capacity = 1;           ///< messages that each direction holds at least; 1 or more
  std::size_t max_payload_bytes = 0;  ///< of one message
};

/// One end of a link. Used by one thread at a time; the two ends are used concurrently.
///
/// Messages arrive whole, once, in the order sent. When the other side has died, calls may report "full" or "empty"
/// for ever, but none blocks beyond its deadline (try_ forms: beyond kLockPatience), none crashes.
class End {
 public:
  virtual ~End() = default;

  /// Sends and returns true, or returns false at once when the channel is full. Throws std::length_error naming the
  /// limit when head or payload is too large.
  ///
  /// A by-reference channel hands over the payload's address: its bytes must stay as they are until the receiver
  /// has asked for the next message.
  virtual bool try_send(const Message& message) = 0;

  /// The next message, or nothing when there is none now. Its bytes are valid until the next receive on this end.
  virtual std::optional<Message> try_receive() = 0;

  /// The same, waiting on the channel's own primitive until the deadline; false or nothing when it has passed.
  virtual bool send(const Message& message, Deadline deadline) = 0;
  virtual std::optional<Message> receive(Deadline deadline) = 0;

  /// A buffer of `bytes` ≤ max_payload_bytes to build a payload in that is sent from this end: sending from it saves
  /// the copy that a contiguous send would need. No message in flight refers to it. It may be sent more than once
  /// while its contents do not change; with each call another buffer may be lent.
  virtual std::span<std::byte> lend(std::size_t bytes) = 0;
};

/// A try_ call waits at most this long for a lock whose holder may have died or been stopped, and then says "not now".
inline constexpr std::chrono::milliseconds kLockPatience{500};

/// A bounded two-way connection of one submitter and one worker. Made before the worker is started; nothing of it
/// outlives its owners, also when they are killed: names are removed in the constructor, memory is released with the
/// last mapping. Not reused after either side has died.
///
/// After fork both processes have the link: each calls keep() with its own side, and destroys its copy of links that
/// are not its own. Destruction only releases this process's view.
class Link {
 public:
  virtual ~Link() = default;
  virtual End& end(Side side) = 0;
  /// Gives up what only the other side needs (descriptors that would hide its death). Not called between threads.
  virtual void keep(Side) {}
};

struct Description {
  std::string_view name;
  std::string_view summary;  ///< one line
  bool between_threads = true;
  bool between_processes = true;
  bool by_reference = false;               ///< the payload is not copied
  int copies_per_message = 2;              ///< of the payload, one way
  std::size_t max_payload_bytes = 0;       ///< of one message
  std::size_t default_capacity = 64;       ///< messages each way
  std::string_view when_a_side_is_killed;  ///< what the other side sees, one line
  /// Throws std::system_error, std::length_error or std::runtime_error with the limit at fault; leaves nothing then.
  std::unique_ptr<Link> (*connect)(const LinkConfig&) = nullptr;
};

using ChannelCatalog = Catalog<Description>;
using Registration = Registered<Description>;

}  // namespace mpmt::ipc
