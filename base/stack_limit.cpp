#include "base/stack_limit.hpp"

#include <pthread.h>
#include <sys/resource.h>

#include <algorithm>
#include <stdexcept>

#include "base/text.hpp"

namespace mpmt {
namespace {

constexpr rlim_t kEnough = rlim_t{1} << 20;
constexpr rlim_t kUsual = rlim_t{8} << 20;

/// The library looked at the limit before main().
void give_to_threads(rlim_t bytes) {
  pthread_attr_t attributes;
  ::pthread_attr_init(&attributes);
  if (::pthread_attr_setstacksize(&attributes, bytes) == 0) ::pthread_setattr_default_np(&attributes);
  ::pthread_attr_destroy(&attributes);
}

}  // namespace

void raise_stack_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_STACK, &limit) != 0 || limit.rlim_cur >= kEnough) return;
  limit.rlim_cur = std::min(limit.rlim_max, kUsual);
  if (limit.rlim_cur < kLeastStackBytes || ::setrlimit(RLIMIT_STACK, &limit) != 0) {
    throw std::runtime_error(text("a stack may have no more than ", limit.rlim_cur >> 10,
                                  " KiB here (ulimit -H -s); at least ", kLeastStackBytes >> 10, " are needed"));
  }
  give_to_threads(limit.rlim_cur);
}

}  // namespace mpmt
