#include "workloads/echo_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <queue>
#include <unordered_map>
#include <vector>

#include "base/checked.hpp"
#include "base/clock.hpp"

namespace mpmt::workloads {
namespace {

Fd listen_on_loopback() {
  Fd listener{
      checked([] { return ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0); }, "socket", "TCP")};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  checked([&] { return ::bind(listener.get(), generic, sizeof address); }, "bind", "127.0.0.1");
  checked([&] { return ::listen(listener.get(), SOMAXCONN); }, "listen", "127.0.0.1");
  return listener;
}

std::uint16_t port_of(const Fd& listener) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  checked([&] { return ::getsockname(listener.get(), generic, &size); }, "getsockname", "127.0.0.1");
  return ntohs(address.sin_port);
}

/// Runs in the child until it is killed.
class Serving {
 public:
  explicit Serving(int listener) : listener_(listener) {
    watch(listener_, kListener);
    watch(timer_.get(), kTimer);
  }

  [[noreturn]] void run() {
    for (;;) {
      arm();
      std::array<epoll_event, 64> events;
      const int ready = checked([&] { return ::epoll_wait(epoll_.get(), events.data(), events.size(), -1); },
                                "epoll_wait", "echo server");
      for (int i = 0; i < ready; ++i) handle(events[static_cast<std::size_t>(i)].data.u64);
      reply_to_due();
    }
  }

 private:
  // What epoll reports: these two, or a connection. Connections have numbers of their own, because a descriptor's
  // number is used again while a reply to its last owner may still be due.
  enum : std::uint64_t { kListener, kTimer, kFirstConnection };

  struct Connection {
    Fd socket;
    EchoMessage request;
    std::size_t received = 0;
  };
  struct Due {
    Deadline at;
    std::uint64_t connection;
    EchoMessage reply;
    bool operator>(const Due& other) const { return at > other.at; }
  };

  void watch(int descriptor, std::uint64_t id) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = id;
    checked([&] { return ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, descriptor, &event); }, "epoll_ctl", "echo server");
  }

  void handle(std::uint64_t id) {
    if (id == kListener) accept();
    if (id >= kFirstConnection) receive(id);
  }

  void accept() {
    Fd socket{::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)};
    if (!socket) {
      const bool gone_again = errno == EAGAIN || errno == ECONNABORTED || errno == EINTR;
      if (!gone_again) throw_system_error(errno, "accept4", "echo server");
      return;
    }
    const int on = 1;
    checked([&] { return ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); }, "setsockopt",
            "TCP_NODELAY");
    watch(socket.get(), next_);
    connections_[next_++].socket = std::move(socket);
  }

  void receive(std::uint64_t id) {
    Connection& connection = connections_.at(id);
    auto* bytes = reinterpret_cast<std::byte*>(&connection.request);
    const auto count = ::recv(connection.socket.get(), bytes + connection.received,
                              sizeof connection.request - connection.received, 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count <= 0) {
      connections_.erase(id);  // the client has gone
      return;
    }
    connection.received += static_cast<std::size_t>(count);
    if (connection.received < sizeof connection.request) return;
    connection.received = 0;
    const auto delay = std::chrono::microseconds(connection.request.delay_us);
    due_.push({Clock::now() + delay, id, echo_of(connection.request)});
  }

  void reply_to_due() {
    const auto now = Clock::now();
    for (; !due_.empty() && due_.top().at <= now; due_.pop()) {
      const auto found = connections_.find(due_.top().connection);
      if (found == connections_.end()) continue;
      // A client has one request under way, so that its reply always fits into the socket's buffer.
      const auto& reply = due_.top().reply;
      if (::send(found->second.socket.get(), &reply, sizeof reply, MSG_NOSIGNAL) != sizeof reply) {
        connections_.erase(found);
      }
    }
  }

  /// Sets the timer to the next reply, or stops it. (Setting it also takes back that it has expired.)
  void arm() {
    const Deadline next = due_.empty() ? Deadline{} : due_.top().at;
    if (next == armed_) return;
    armed_ = next;
    const auto ns = std::chrono::duration_cast<Nanoseconds>(next.time_since_epoch()).count();
    itimerspec at{};
    at.it_value = {ns / 1'000'000'000, ns % 1'000'000'000};
    checked([&] { return ::timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &at, nullptr); }, "timerfd_settime",
            "echo server");
  }

  int listener_;
  Fd epoll_{checked([] { return ::epoll_create1(EPOLL_CLOEXEC); }, "epoll_create1", "echo server")};
  Fd timer_{checked([] { return ::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC); }, "timerfd_create",
                    "echo server")};
  Deadline armed_{};
  std::uint64_t next_ = kFirstConnection;
  std::unordered_map<std::uint64_t, Connection> connections_;
  std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;
};

}  // namespace

EchoMessage echo_of(const EchoMessage& request) {
  EchoMessage reply = request;
  for (std::uint64_t& word : reply.words) word = ~word;
  return reply;
}

EchoServer::EchoServer() : EchoServer(listen_on_loopback()) {}

// The listening socket is the child's alone once this returns: when the child dies, connecting is refused, and does not
// hang.
EchoServer::EchoServer(const Fd& listener)
    : port_(port_of(listener)), process_("echo server", [&] { Serving(listener.get()).run(); }) {}

}  // namespace mpmt::workloads
