#include "ipc/broken_pipes.hpp"

#include <signal.h>

#include "base/checked.hpp"

namespace mpmt::ipc {

void ignore_broken_pipes() {
  struct sigaction action {};
  checked([&] { return ::sigaction(SIGPIPE, nullptr, &action); }, "sigaction", "SIGPIPE");
  if (action.sa_handler != SIG_DFL) return;
  action.sa_handler = SIG_IGN;
  checked([&] { return ::sigaction(SIGPIPE, &action, nullptr); }, "sigaction", "SIGPIPE");
}

}  // namespace mpmt::ipc
