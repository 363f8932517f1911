// What the server of loopback_echo does, in one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>

#include "base/clock.hpp"
#include "base/fd.hpp"
#include "workloads/echo_protocol.hpp"
#include "workloads/wait.hpp"

namespace mpmt::workloads {

struct EchoBounds {
  std::size_t strangers = 64;  ///< connections that have not shown the secret
  std::size_t peers = 4096;    ///< those that have
  std::chrono::milliseconds time_to_show{2000};
  std::chrono::microseconds longest_delay = kLongestWait;
};

/// Serves the connections of a listening socket, anyone's as far as the kernel is concerned:
///
/// - A stranger becomes a peer by the secret as the first thing it sends, and is told so by kWelcome. One that shows
///   another, or none within its time, is reset; so is the oldest stranger when there are too many. So a flood of
///   connections that say nothing drives out itself: who shows the secret at once is let in at once.
/// - Each request of a peer is replied to after its delay; delays of different peers overlap. A peer that sends more
///   before it has its reply, asks for a delay beyond the bound, or does not take its replies, is reset. So what is
///   kept is bounded by the number of peers.
/// - Where the system has no descriptor or memory for a connection, strangers make room; without any, nobody is
///   accepted for a moment. Peers are served meanwhile.
///
/// Waits in the kernel whenever nothing is to be done.
class EchoService {
 public:
  /// `listener` must not block, and stays the caller's. Throws std::system_error when it cannot begin; later, nothing
  /// that a connection does makes it throw.
  EchoService(int listener, const Secret& secret, const EchoBounds& bounds = {});
  EchoService(const EchoService&) = delete;
  EchoService& operator=(const EchoService&) = delete;

  /// Waits until there is something to be done (for `longest_ms` at most, unless that is -1), and does it.
  void turn(int longest_ms = -1);

  std::size_t strangers() const { return strangers_.size(); }
  std::size_t peers() const { return peers_.size(); }
  std::size_t replies_due() const { return due_.size(); }

 private:
  // What epoll reports: these two, or a connection. Connections have numbers of their own, because a descriptor's
  // number is used again. Later ones have higher numbers.
  using Id = std::uint64_t;
  enum : Id { kListener, kTimer, kFirstConnection };

  struct Stranger {
    Fd socket;
    Deadline expires;
    Secret shown{};
    std::size_t received = 0;
  };
  struct Peer {
    Fd socket;
    /// One byte more than a request has: what must not come yet shows by the same call.
    std::array<std::byte, sizeof(EchoMessage) + 1> bytes{};
    std::size_t received = 0;
    EchoMessage reply{};
    std::optional<Deadline> due{};
  };
  using Strangers = std::map<Id, Stranger>;
  using Peers = std::unordered_map<Id, Peer>;

  bool watch(int descriptor, Id id);
  void handle(Id id);
  bool somebody_knocks() const;
  void accept_some();
  void take_in(Fd socket);
  void hear(Strangers::iterator stranger);
  void admit(Strangers::iterator stranger);
  void serve(Peers::iterator peer);
  void drop(Strangers::iterator stranger);
  void drop(Peers::iterator peer);
  void drop_late_strangers();
  void reply_to_due();
  void set_listening(bool on);
  void arm();
  Deadline next_deadline() const;

  const int listener_;
  const Secret secret_;
  const EchoBounds bounds_;
  Fd epoll_;
  Fd timer_;
  Deadline armed_{};
  std::optional<Deadline> listens_again_{};  ///< while it does not
  Id next_ = kFirstConnection;
  Strangers strangers_;  ///< the oldest first
  Peers peers_;
  std::set<std::pair<Deadline, Id>> due_;  ///< one for each peer that waits for a reply
};

}  // namespace mpmt::workloads
