#include "ipc/lifeline.hpp"

#include <poll.h>
#include <sys/socket.h>

#include "base/checked.hpp"

namespace mpmt::ipc {

Lifeline::Lifeline(Sides sides, std::string_view channel) {
  if (sides == Sides::threads) return;
  int pair[2];
  checked([&] { return ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair); }, "socketpair", channel);
  ends_[0] = Fd(pair[0]);
  ends_[1] = Fd(pair[1]);
}

bool Lifeline::is_cut(Side side) const {
  const Fd& own = ends_[side == Side::submitter ? 0 : 1];
  if (!own) return false;
  pollfd look{own.get(), POLLRDHUP, 0};
  return ::poll(&look, 1, 0) == 1 && (look.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

}  // namespace mpmt::ipc
