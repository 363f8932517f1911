#include "ipc/stream_end.hpp"

#include <sys/socket.h>

#include "ipc/broken_pipes.hpp"
#include "ipc/descriptor_wait.hpp"
#include "ipc/limits.hpp"
#include "ipc/socket_buffers.hpp"

namespace mpmt::ipc {
namespace {

/// What one read() asks for beyond a message.
constexpr std::size_t kReadAhead = std::size_t{64} << 10;
/// The most that a socket's buffer is enlarged for to take the rest of a message whose time is up.
constexpr std::size_t kMostTakenAtDeadline = std::size_t{64} << 10;

ssize_t write_some(const StreamDescriptors& to, std::span<const std::byte> bytes, int flags = 0) {
  if (!to.is_socket()) return ::write(to.writes(), bytes.data(), bytes.size());
  return ::send(to.writes(), bytes.data(), bytes.size(), MSG_NOSIGNAL | flags);
}

}  // namespace

StreamEnd::StreamEnd(const StreamDescriptors& descriptors, Traffic& outgoing, Traffic& incoming,
                     const LinkConfig& config, Side side, std::string_view channel)
    : descriptors_(descriptors),
      outgoing_(outgoing),
      incoming_(incoming),
      config_(config),
      side_(side),
      channel_(channel),
      no_lifeline_(Sides::threads, channel),
      built_(config.max_payload_bytes, channel) {}

std::span<const std::byte> StreamEnd::build(const Message& message) {
  return built_.build(FrameHeader::of(message), message);
}

Patience StreamEnd::patience(Wait how, Deadline deadline) const {
  return {how, deadline, no_lifeline_, side_, false, channel_};
}

bool StreamEnd::try_send(const Message& message) {
  check(message, channel_, config_.max_payload_bytes);
  check_calls(config_, Calls::trying, channel_);
  if (!has_credit()) return false;  // before a payload that was built elsewhere is copied
  Rest rest{build(message)};
  if (const auto outcome = write(rest); outcome != Outcome::done) {
    if (outcome == Outcome::peer_gone || !rest.is_begun) return false;
    try {
      if (!write_all(rest, patience(Wait::yield, Clock::now() + kLockPatience))) throw_stuck(rest);
    } catch (const PeerGone&) {
      return false;
    }
  }
  outgoing_.sent.store(++sent_, std::memory_order_release);
  return true;
}

bool StreamEnd::send(const Message& message, Deadline deadline) {
  check_calls(config_, Calls::waiting, channel_);
  Rest rest{build(message)};
  if (write_all(rest, patience(config_.wait, deadline))) return true;
  if (!rest.is_begun) return false;
  if (!is_taken_by_larger_buffer(rest)) throw_stuck(rest);
  return true;
}

bool StreamEnd::has_credit() {
  if (sent_ - received_by_peer_ < config_.capacity) return true;
  received_by_peer_ = outgoing_.received.load(std::memory_order_acquire);
  return sent_ - received_by_peer_ < config_.capacity;
}

/// Writes as much as the kernel takes; not_now: some is left.
StreamEnd::Outcome StreamEnd::write(Rest& rest) {
  const ssize_t bytes = write_some(descriptors_, rest.bytes);
  if (bytes >= 0) {
    rest = {rest.bytes.subspan(static_cast<std::size_t>(bytes)), rest.is_begun || bytes > 0};
    return rest.bytes.empty() ? Outcome::done : Outcome::not_now;
  }
  if (is_not_now(errno)) return Outcome::not_now;
  if (is_end_of_peer(errno)) return Outcome::peer_gone;
  throw_system_error(errno, "write", channel_);
}

bool StreamEnd::write_all(Rest& rest, const Patience& patience) {
  return wait_for_descriptor(descriptors_.writes(), POLLOUT, patience, [&] {
    const auto outcome = write(rest);
    if (outcome == Outcome::peer_gone) throw_peer_gone(channel_);
    return outcome == Outcome::done;
  });
}

/// A socket's buffer may end in the middle of a small message. Rather than to leave half of it there at the deadline,
/// the kernel is made to take the rest. MSG_EOR: TCP does not fill up the last of its blocks with what comes next,
/// which would then be split as well.
bool StreamEnd::is_taken_by_larger_buffer(Rest& rest) {
  if (!descriptors_.is_socket() || rest.bytes.size() > kMostTakenAtDeadline) return false;
  const int socket = descriptors_.writes();
  const auto before = send_buffer_bytes(socket, channel_);
  set_send_buffer(socket, before + 4 * kMostTakenAtDeadline);
  const ssize_t bytes = write_some(descriptors_, rest.bytes, MSG_DONTWAIT | MSG_EOR);
  if (bytes > 0) rest.bytes = rest.bytes.subspan(static_cast<std::size_t>(bytes));
  set_send_buffer(socket, before);
  return rest.bytes.empty();
}

void StreamEnd::throw_stuck(const Rest& rest) const {
  throw std::runtime_error(text(channel_, ": the time is up with ", rest.bytes.size(),
                                " bytes of a message left; the link is of no more use"));
}

std::optional<Message> StreamEnd::try_receive() {
  check_calls(config_, Calls::trying, channel_);
  release();
  auto message = take();
  if (message) return message;
  const auto outcome = read();
  if (outcome == Outcome::done) message = take();
  if (message || outcome == Outcome::peer_gone) return message;
  return incoming_.sent.load(std::memory_order_acquire) > received_ ? take_late() : std::nullopt;
}

std::optional<Message> StreamEnd::receive(Deadline deadline) {
  check_calls(config_, Calls::waiting, channel_);
  release();
  auto message = take();
  if (!message) {
    wait_for_descriptor(descriptors_.reads(), POLLIN, patience(config_.wait, deadline),
                        [&] { return read_message(message); });
  }
  return message;
}

/// TCP hands over what has been sent a little later, or, when much is on its way, with its next acknowledgement.
std::optional<Message> StreamEnd::take_late() {
  std::optional<Message> message;
  try {
    wait_for_descriptor(descriptors_.reads(), POLLIN, patience(Wait::yield, Clock::now() + kLockPatience),
                        [&] { return read_message(message); });
  } catch (const PeerGone&) {
  }
  return message;
}

/// One read; whether it completed a message.
bool StreamEnd::read_message(std::optional<Message>& message) {
  const auto outcome = read();
  if (outcome == Outcome::peer_gone) throw_peer_gone(channel_);
  if (outcome == Outcome::done) message = take();
  return message.has_value();
}

/// The message that was received last is not looked at any more.
void StreamEnd::release() {
  begin_ += handed_out_;
  handed_out_ = 0;
}

/// The message at begin_, if it is there as a whole.
std::optional<Message> StreamEnd::take() {
  const std::size_t there = end_ - begin_;
  const std::byte* const frame = buffer_.data() + begin_;
  if (there < sizeof(FrameHeader) || there < FrameHeader::at(frame).frame_bytes()) return std::nullopt;
  handed_out_ = FrameHeader::at(frame).frame_bytes();
  if (config_.calls == Calls::trying) incoming_.received.store(++received_, std::memory_order_release);
  return message_in(frame);
}

/// Reads what there is behind what has been read, up to the end of the buffer.
StreamEnd::Outcome StreamEnd::read() {
  const std::size_t largest = max_frame_bytes(config_);
  grow(buffer_, largest + kReadAhead, channel_);
  if (begin_ == end_) {
    begin_ = end_ = 0;
  } else if (buffer_.size() - begin_ < largest) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= std::exchange(begin_, 0);
  }
  const ssize_t bytes = ::read(descriptors_.reads(), buffer_.data() + end_, buffer_.size() - end_);
  if (bytes > 0) {
    end_ += static_cast<std::size_t>(bytes);
    return Outcome::done;
  }
  if (bytes == 0) return Outcome::peer_gone;
  if (is_not_now(errno) || errno == ECONNRESET)
    return Outcome::not_now;  // a reset is told once; then comes what is left
  throw_system_error(errno, "read", channel_);
}

std::span<std::byte> StreamEnd::lend(std::size_t bytes) {
  return {built_.lend(bytes), bytes};
}

StreamLink::StreamLink(const LinkConfig& config, std::string_view channel, StreamDescriptors of_submitter,
                       StreamDescriptors of_worker)
    : segment_(channel, 2 * sizeof(Traffic)),
      to_worker_(*new (segment_.data()) Traffic),
      to_submitter_(*new (segment_.data() + sizeof(Traffic)) Traffic),
      of_submitter_(std::move(of_submitter)),
      of_worker_(std::move(of_worker)),
      submitter_(of_submitter_, to_worker_, to_submitter_, config, Side::submitter, channel),
      worker_(of_worker_, to_submitter_, to_worker_, config, Side::worker, channel) {
  if (sleeps_in_calls(config)) return;
  for (const auto* side : {&of_submitter_, &of_worker_}) {
    make_nonblocking(side->reads(), channel);
    make_nonblocking(side->writes(), channel);
  }
}

void StreamLink::keep(Side side) {
  ignore_broken_pipes();  // a forked child may have its signals reset
  (side == Side::submitter ? of_worker_ : of_submitter_) = {};
}

}  // namespace mpmt::ipc
