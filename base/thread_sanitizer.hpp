// What ThreadSanitizer cannot see by itself.
#pragma once

#include "base/sanitizers.hpp"

#ifdef MPMT_THREAD_SANITIZER
#include <sanitizer/tsan_interface.h>
#endif

namespace mpmt {

/// For calls with which the kernel orders two threads, and which ThreadSanitizer does not know (mq_send and mq_receive;
/// it knows those on pipes and sockets): say kernel_releases(object) before the one, kernel_acquires(object) after the
/// other. That may order more than the kernel does, since it is said before it is known whether the call succeeds.
/// Nothing in any other build.
inline void kernel_releases([[maybe_unused]] const void* object) {
#ifdef MPMT_THREAD_SANITIZER
  __tsan_release(const_cast<void*>(object));
#endif
}
inline void kernel_acquires([[maybe_unused]] const void* object) {
#ifdef MPMT_THREAD_SANITIZER
  __tsan_acquire(const_cast<void*>(object));
#endif
}

}  // namespace mpmt
