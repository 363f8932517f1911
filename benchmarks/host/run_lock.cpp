#include "benchmarks/host/run_lock.hpp"

#include <poll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string_view>
#include <utility>

#include "base/checked.hpp"
#include "base/text.hpp"

namespace mpmt::benchmarks {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kName = "mpmt-measuring";
/// Between a try and the next, twice as long each time, unless the holder has lasted for kLasting.
constexpr milliseconds kFirstPause{20};
constexpr milliseconds kLongestPause{1000};
constexpr milliseconds kLasting{1000};
/// As many refusals may be due to a holder that has just gone, or does not listen yet.
constexpr int kSilencesOfAnInstant = 3;

struct Address {
  sockaddr_un address{};
  socklen_t length = 0;

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&address); }
};

/// Abstract: the path begins with a NUL byte and ends where the length says.
Address address() {
  Address made;
  made.address.sun_family = AF_UNIX;
  std::memcpy(made.address.sun_path + 1, kName.data(), kName.size());
  made.length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + kName.size());
  return made;
}

Fd make_socket() {
  return Fd(checked([] { return ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0); }, "socket", kName));
}

/// To whoever listens. A holder of ours never accepts. None when nobody listens, or where the queue is full.
Fd connect_to_holder() {
  Fd socket = make_socket();
  const auto name = address();
  if (::connect(socket.get(), name.get(), name.length) != 0) return {};
  return socket;
}

/// Who called listen().
ucred peer_of(const Fd& connection) {
  ucred peer{};
  socklen_t length = sizeof peer;
  checked([&] { return ::getsockopt(connection.get(), SOL_SOCKET, SO_PEERCRED, &peer, &length); }, "getsockopt", kName);
  return peer;
}

/// Ours have a process id unless they are in a PID namespace that we do not see into.
std::string words_for(const ucred& peer, bool own) {
  if (own) return peer.pid == 0 ? "in another container" : text("pid ", peer.pid);
  return peer.pid == 0 ? text("in another container, of uid ", peer.uid) : text("pid ", peer.pid, " of uid ", peer.uid);
}

std::string in_seconds(milliseconds time) {
  return text(std::chrono::duration<double>(time).count(), " s");
}

}  // namespace

RunLock::RunLock(Fd own_file, milliseconds for_strangers)
    : file_(std::move(own_file)), for_strangers_(for_strangers), patience_(for_strangers), pause_(kFirstPause) {}

bool RunLock::try_take() {
  if (!take_file()) return false;
  if (take_name()) return true;
  if (!patience_.spent() || !is_charged()) return false;
  warning_ =
      text("another run (", holder_.who.empty() ? "of whoever" : holder_.who, ") kept the lock on measuring for ",
           in_seconds(for_strangers_), ", and this one did not wait for longer: both may have measured at once");
  return true;
}

/// Kept from then on, while the name is waited for.
bool RunLock::take_file() {
  if (has_file_ || !file_) return true;
  has_file_ = ::flock(file_.get(), LOCK_EX | LOCK_NB) == 0;
  if (has_file_ || errno == EWOULDBLOCK) return has_file_;
  file_.reset();  // some network file systems have no locks: then the name has to do
  return true;
}

bool RunLock::take_name() {
  Fd socket = make_socket();
  const auto name = address();
  if (::bind(socket.get(), name.get(), name.length) != 0) {
    if (errno == EADDRINUSE) return false;
    throw_system_error(errno, "bind", kName);
  }
  checked([&] { return ::listen(socket.get(), SOMAXCONN); }, "listen", kName);
  name_ = std::move(socket);
  return true;
}

RunLock::Holder RunLock::holder() {
  connection_ = connect_to_holder();
  const bool answered = static_cast<bool>(connection_);
  const ucred peer = answered ? peer_of(connection_) : ucred{};
  silences_ = answered ? 0 : silences_ + 1;
  if (answered && peer.uid == ::geteuid()) {
    holder_ = {Holder::Kind::own, words_for(peer, true)};
  } else if (file_ && !has_file_) {
    connection_.reset();  // a stranger beside it
    holder_ = {Holder::Kind::own, "of this user"};
  } else if (answered) {
    holder_ = {Holder::Kind::stranger, words_for(peer, false)};
  } else {
    holder_ = {Holder::Kind::silent, silences_ > kSilencesOfAnInstant ? "it does not say whose" : ""};
  }
  return holder_;
}

void RunLock::wait(Interrupt& interrupt) {
  const auto began = Clock::now();
  if (connection_) watch_connection(interrupt);
  connection_.reset();
  if (since(began) >= kLasting) {
    pause_ = kFirstPause;  // it may well have ended
  } else {
    pause(interrupt);
  }
}

void RunLock::watch_connection(Interrupt& interrupt) {
  std::array<pollfd, 2> wanted{pollfd{connection_.get(), POLLIN, 0}, pollfd{interrupt.fd(), POLLIN, 0}};
  if (is_charged()) {
    while (!patience_.spent() && !patience_.poll(wanted)) {
    }
  } else {
    while (::poll(wanted.data(), wanted.size(), -1) < 0 && errno == EINTR) {
    }
  }
}

void RunLock::pause(Interrupt& interrupt) {
  std::array<pollfd, 1> wanted{pollfd{interrupt.fd(), POLLIN, 0}};
  const auto begin = is_charged() ? std::min<Nanoseconds>(pause_, patience_.slice()) : Nanoseconds(pause_);
  Allowance rest(begin);
  while (!rest.spent() && !rest.poll(wanted)) {
  }
  if (is_charged()) patience_.charge();
  pause_ = std::min(2 * pause_, kLongestPause);
}

std::string RunLock::waiting() const {
  return text("waiting for it to end", is_charged() ? text(", for no longer than ", in_seconds(for_strangers_)) : "");
}

}  // namespace mpmt::benchmarks
