#include "base/dispositions.hpp"

#include <array>

namespace mpmt {
namespace {

constexpr std::array<int, 4> kEndings{SIGHUP, SIGINT, SIGQUIT, SIGTERM};

}  // namespace

bool is_ignored(int signal) {
  struct sigaction now {};
  return ::sigaction(signal, nullptr, &now) == 0 && now.sa_handler == SIG_IGN;
}

sigset_t reset_for_others() {
  sigset_t set;
  ::sigfillset(&set);
  for (const int signal : kEndings) {
    if (is_ignored(signal)) ::sigdelset(&set, signal);
  }
  return set;
}

void settle_dispositions() {
  ::signal(SIGCHLD, SIG_DFL);
  sigset_t endings;
  ::sigemptyset(&endings);
  for (const int signal : kEndings) ::sigaddset(&endings, signal);
  ::sigprocmask(SIG_UNBLOCK, &endings, nullptr);
}

}  // namespace mpmt
