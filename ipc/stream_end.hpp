// Links over two byte streams of the kernel: pipe, unix_stream, tcp_loopback.
#pragma once

#include <atomic>
#include <span>

#include "base/fd.hpp"
#include "ipc/buffer.hpp"
#include "ipc/frame.hpp"
#include "ipc/segment.hpp"
#include "ipc/waiting.hpp"

namespace mpmt::ipc {

/// What a side reads from and writes to; the same for a socket, which is in `in`.
struct StreamDescriptors {
  Fd in;
  Fd out;

  int reads() const { return in.get(); }
  int writes() const { return out ? out.get() : in.get(); }
  bool is_socket() const { return !out; }
};

/// Whole messages that one direction has carried, for ends that only try: the producer must know that a whole message
/// fits, and the consumer that one is on its way. In memory that both sides map.
struct Traffic {
  alignas(128) std::atomic<std::uint64_t> sent{0};
  alignas(128) std::atomic<std::uint64_t> received{0};
};

/// One end. A message is one write() or send() and one read(), unless the kernel takes or gives it in pieces. What
/// is read of the messages that follow is kept for the next receive.
class StreamEnd final : public End {
 public:
  /// All that is referred to outlives the end.
  StreamEnd(const StreamDescriptors& descriptors, Traffic& outgoing, Traffic& incoming, const LinkConfig& config,
            Side side, std::string_view channel);

  bool try_send(const Message& message) override;
  std::optional<Message> try_receive() override;
  bool send(const Message& message, Deadline deadline) override;
  std::optional<Message> receive(Deadline deadline) override;
  std::span<std::byte> lend(std::size_t bytes) override;

 private:
  enum class Outcome { done, not_now, peer_gone };

  /// What of a frame has not been written.
  struct Rest {
    std::span<const std::byte> bytes;
    bool is_begun = false;
  };

  std::span<const std::byte> build(const Message& message);
  Patience patience(Wait how, Deadline deadline) const;

  bool has_credit();
  Outcome write(Rest& rest);
  bool write_all(Rest& rest, const Patience& patience);
  bool is_taken_by_larger_buffer(Rest& rest);
  [[noreturn]] void throw_stuck(const Rest& rest) const;

  void release();
  std::optional<Message> take();
  Outcome read();
  bool read_message(std::optional<Message>& message);
  std::optional<Message> take_late();

  const StreamDescriptors& descriptors_;
  Traffic& outgoing_;
  Traffic& incoming_;
  const LinkConfig config_;
  const Side side_;
  const std::string_view channel_;
  const Lifeline no_lifeline_;  ///< a stream shows the peer's end by itself

  std::uint64_t sent_ = 0;
  std::uint64_t received_by_peer_ = 0;  ///< as last read
  std::uint64_t received_ = 0;

  Buffer buffer_;          ///< holds the largest frame and more; made by the first read, in the right process
  std::size_t begin_ = 0;  ///< what has been read and not been given up
  std::size_t end_ = 0;
  std::size_t handed_out_ = 0;  ///< bytes of the frame at begin_ that the receiver may still look at
  BuiltFrame built_;
};

class StreamLink final : public Link {
 public:
  StreamLink(const LinkConfig& config, std::string_view channel, StreamDescriptors of_submitter,
             StreamDescriptors of_worker);

  End& end(Side side) override { return side == Side::submitter ? submitter_ : worker_; }
  void keep(Side side) override;

 private:
  Segment segment_;
  Traffic& to_worker_;
  Traffic& to_submitter_;
  StreamDescriptors of_submitter_;
  StreamDescriptors of_worker_;
  StreamEnd submitter_;
  StreamEnd worker_;
};

}  // namespace mpmt::ipc
