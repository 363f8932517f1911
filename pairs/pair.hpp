// Two sides that talk over a bare channel, without pool or workload.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "executors/executor.hpp"

namespace mpmt::pairs {

/// How the two sides talk.
/// `ping_pong`: a message there, a message back, one at a time; an operation is a round trip.
/// `stream`: messages one way, as fast as the channel takes them; an operation is a message.
/// `open_loop`: messages one way at a given rate, whether or not earlier ones have arrived; an operation is a message,
/// and its latency runs from the moment at which it was due, so that a stall counts for all it delays (G. Tene calls
/// leaving that out "coordinated omission"; Schroeder et al., NSDI 2006, compare the two kinds of load).
enum class Pattern { ping_pong, stream, open_loop };

/// Raised when the patterns change so that results are not comparable with earlier ones.
inline constexpr int kVersion = 1;

/// A message begins with a word of its own and consists of whole words.
inline constexpr std::size_t kWordBytes = sizeof(std::uint64_t);
inline constexpr std::size_t kMaxMessageBytes = std::size_t{16} << 20;

struct Config {
  ipc::Sides sides = ipc::Sides::threads;
  Pattern pattern = Pattern::ping_pong;
  std::size_t message_bytes = kWordBytes;  ///< a multiple of kWordBytes
  std::size_t window = 1;                  ///< messages that the channel holds each way, at least
  bool touched = true;                     ///< the sender writes and the receiver reads every byte
  double rate = 0;                         ///< messages a second, of open_loop
  executors::Placement placement = executors::Placement::spread;
  Wait wait = Wait::block;
  std::optional<FutexScope> futex = std::nullopt;
  std::vector<int> cpus = {};  ///< usable CPUs, in the order in which they are dealt out; not empty
};

/// A channel's connect, or a floor's.
using Connect = std::function<std::unique_ptr<ipc::WaitingLink>(const ipc::LinkConfig&)>;

/// An executor whose tasks are operations on a channel: the calling thread is the submitter's side, a thread or a
/// forked process the other one. With `spread` the other side is on the first CPU, the calling one on the second.
///
/// Outcome::block: `tasks` operations, `messages` sent both ways, `wall_ns` from the first send to the last receipt
/// (streams: by the receiver's clock, which is the same one), `sum` as expected_sum() has it. Request::latency gets
/// every round trip, or every one-way latency of open_loop; nothing for streams.
std::unique_ptr<executors::Executor> start_pair(const Connect& connect, const Config& config, Deadline deadline);

/// The sum over all words that both sides read in `operations` operations, mod 2^64; it tells lost, repeated and
/// damaged messages. Untouched: counts messages.
std::uint64_t expected_sum(const Config& config, std::uint64_t operations);

}  // namespace mpmt::pairs
