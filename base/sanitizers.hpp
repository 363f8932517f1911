// Which sanitizer this is compiled with: gcc says it by a macro, clang by a feature.
#pragma once

#if defined(__SANITIZE_ADDRESS__)
#define MPMT_ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MPMT_ADDRESS_SANITIZER 1
#endif
#endif

#if defined(__SANITIZE_THREAD__)
#define MPMT_THREAD_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define MPMT_THREAD_SANITIZER 1
#endif
#endif

#if defined(MPMT_ADDRESS_SANITIZER) || defined(MPMT_THREAD_SANITIZER)
#define MPMT_SANITIZED 1
#endif
