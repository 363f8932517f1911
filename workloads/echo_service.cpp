#include "workloads/echo_service.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/checked.hpp"

namespace mpmt::workloads {
namespace {

constexpr std::string_view kObject = "echo server";
/// In one turn, so that peers are served in between, however many come.
constexpr int kAcceptedAtOnce = 32;
/// How long nobody is accepted when the system cannot have another connection.
constexpr std::chrono::milliseconds kPause{50};

/// Ends a connection at once: nothing of it stays in the kernel, and its other side need not read to learn of it.
void reset(Fd& socket) {
  const linger at_once{1, 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  socket.reset();
}

/// Whether recv() or accept4() may succeed when there is news.
bool is_not_now(int reason) {
  return reason == EAGAIN || reason == EINTR;
}

bool lacks_room(int reason) {
  return reason == EMFILE || reason == ENFILE || reason == ENOBUFS || reason == ENOMEM;
}

}  // namespace

EchoService::EchoService(int listener, const Secret& secret, const EchoBounds& bounds)
    : listener_(listener),
      secret_(secret),
      bounds_(bounds),
      epoll_(checked([] { return ::epoll_create1(EPOLL_CLOEXEC); }, "epoll_create1", kObject)),
      timer_(checked([] { return ::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC); }, "timerfd_create",
                     kObject)) {
  if (!watch(listener_, kListener) || !watch(timer_.get(), kTimer)) throw_system_error(errno, "epoll_ctl", kObject);
}

void EchoService::turn(int longest_ms) {
  arm();
  std::array<epoll_event, 64> events;
  const int ready = checked([&] { return ::epoll_wait(epoll_.get(), events.data(), events.size(), longest_ms); },
                            "epoll_wait", kObject);
  bool knocked = false;
  for (int i = 0; i < ready; ++i) {
    const Id id = events[static_cast<std::size_t>(i)].data.u64;
    if (id >= kFirstConnection) handle(id);
    knocked = knocked || id == kListener;
  }
  reply_to_due();
  if (knocked) accept_some();
  drop_late_strangers();
  if (listens_again_ && *listens_again_ <= Clock::now()) set_listening(true);
}

bool EchoService::watch(int descriptor, Id id) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = id;
  return ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, descriptor, &event) == 0;
}

/// What is reported of a connection that was dropped since is nobody's.
void EchoService::handle(Id id) {
  if (const auto peer = peers_.find(id); peer != peers_.end()) return serve(peer);
  if (const auto stranger = strangers_.find(id); stranger != strangers_.end()) hear(stranger);
}

bool EchoService::somebody_knocks() const {
  pollfd listener{listener_, POLLIN, 0};
  return ::poll(&listener, 1, 0) == 1;
}

void EchoService::accept_some() {
  for (int i = 0; i < kAcceptedAtOnce; ++i) {
    Fd socket{::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)};
    const int reason = errno;
    if (socket) {
      take_in(std::move(socket));
    } else if (reason == ECONNABORTED) {
      continue;                                             // gone again: the next one
    } else if (is_not_now(reason) || !somebody_knocks()) {  // without a descriptor, accept4 does not even look
      return;
    } else if (lacks_room(reason) && !strangers_.empty()) {
      drop(strangers_.begin());
    } else {
      return set_listening(false);
    }
  }
}

void EchoService::take_in(Fd socket) {
  if (!watch(socket.get(), next_)) return reset(socket);
  const Deadline expires = Clock::now() + bounds_.time_to_show;
  hear(strangers_.emplace(next_++, Stranger{std::move(socket), expires}).first);
  if (strangers_.size() > bounds_.strangers) drop(strangers_.begin());
}

void EchoService::hear(Strangers::iterator found) {
  Stranger& stranger = found->second;
  const auto count = ::recv(stranger.socket.get(), stranger.shown.data() + stranger.received,
                            stranger.shown.size() - stranger.received, 0);
  if (count < 0 && is_not_now(errno)) return;
  if (count <= 0) return drop(found);
  stranger.received += static_cast<std::size_t>(count);
  if (stranger.received < stranger.shown.size()) return;
  is_same(stranger.shown, secret_) ? admit(found) : drop(found);
}

void EchoService::admit(Strangers::iterator found) {
  const int socket = found->second.socket.get();
  const int on = 1;
  const bool served = peers_.size() < bounds_.peers &&
                      ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0 &&
                      ::send(socket, &kWelcome, sizeof kWelcome, MSG_NOSIGNAL) == sizeof kWelcome;
  if (!served) return drop(found);
  peers_.emplace(found->first, Peer{std::move(found->second.socket)});
  strangers_.erase(found);
}

void EchoService::serve(Peers::iterator found) {
  Peer& peer = found->second;
  const auto count = ::recv(peer.socket.get(), peer.bytes.data() + peer.received, peer.bytes.size() - peer.received, 0);
  if (count < 0 && is_not_now(errno)) return;
  if (count <= 0 || peer.due) return drop(found);
  peer.received += static_cast<std::size_t>(count);
  EchoMessage request;
  if (peer.received < sizeof request) return;
  std::memcpy(&request, peer.bytes.data(), sizeof request);
  const bool one_request = peer.received == sizeof request;
  if (!one_request || request.delay_us > static_cast<std::uint64_t>(bounds_.longest_delay.count())) return drop(found);
  peer.received = 0;
  peer.reply = echo_of(request);
  peer.due = Clock::now() + std::chrono::microseconds(request.delay_us);
  due_.emplace(*peer.due, found->first);
}

void EchoService::drop(Strangers::iterator stranger) {
  reset(stranger->second.socket);
  strangers_.erase(stranger);
}

void EchoService::drop(Peers::iterator peer) {
  if (peer->second.due) due_.erase({*peer->second.due, peer->first});
  reset(peer->second.socket);
  peers_.erase(peer);
}

/// All strangers have the same time: the oldest are the first that are late.
void EchoService::drop_late_strangers() {
  if (strangers_.empty()) return;
  const auto now = Clock::now();
  while (!strangers_.empty() && strangers_.begin()->second.expires <= now) drop(strangers_.begin());
}

void EchoService::reply_to_due() {
  if (due_.empty()) return;
  const auto now = Clock::now();
  while (!due_.empty() && due_.begin()->first <= now) {
    const auto found = peers_.find(due_.begin()->second);
    due_.erase(due_.begin());
    Peer& peer = found->second;
    peer.due.reset();
    // One reply at a time always fits into the socket's buffer, unless its former ones are not taken.
    const auto sent = ::send(peer.socket.get(), &peer.reply, sizeof peer.reply, MSG_NOSIGNAL);
    if (sent != sizeof peer.reply) drop(found);
  }
}

/// A listener that is watched, and has someone waiting who cannot be accepted, would be reported without end.
void EchoService::set_listening(bool on) {
  epoll_event event{};
  event.events = on ? std::uint32_t{EPOLLIN} : 0U;
  event.data.u64 = kListener;
  checked([&] { return ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, listener_, &event); }, "epoll_ctl", kObject);
  listens_again_.reset();
  if (!on) listens_again_ = Clock::now() + kPause;
}

/// A deadline of 0 is none, for the timer as well.
Deadline EchoService::next_deadline() const {
  constexpr Deadline never = Deadline::max();
  const Deadline reply = due_.empty() ? never : due_.begin()->first;
  const Deadline farewell = strangers_.empty() ? never : strangers_.begin()->second.expires;
  const Deadline next = std::min({reply, farewell, listens_again_.value_or(never)});
  return next == never ? Deadline{} : next;
}

/// Sets the timer to what is to be done next, or stops it. (Setting it also takes back that it has expired.)
void EchoService::arm() {
  const Deadline next = next_deadline();
  if (next == armed_) return;
  armed_ = next;
  const auto ns = std::chrono::duration_cast<Nanoseconds>(next.time_since_epoch()).count();
  itimerspec at{};
  at.it_value = {ns / 1'000'000'000, ns % 1'000'000'000};
  checked([&] { return ::timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &at, nullptr); }, "timerfd_settime", kObject);
}

}  // namespace mpmt::workloads
