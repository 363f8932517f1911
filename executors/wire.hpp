// The messages between submitter and worker.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>

#include "ipc/channel.hpp"

namespace mpmt::executors {

enum class RequestKind : std::uint32_t {
  run,     ///< tasks [first, first + count); payload: their input
  report,  ///< write your usage into your slot and say so
  rest,    ///< the same, and sleep until there is another request, whatever your wait
  stop,    ///< leave; not answered
};

enum class ReplyKind : std::uint32_t {
  hello,   ///< the session is open
  done,    ///< value = sum of results; payload: the tasks' output
  failed,  ///< value = first failing task; payload: the error's text
  reported,
};

struct RequestHead {
  RequestKind kind;
  std::uint32_t unused = 0;
  std::uint64_t first = 0;
  std::uint64_t count = 0;
};

struct ReplyHead {
  ReplyKind kind;
  std::uint32_t unused = 0;
  std::uint64_t value = 0;
};

/// A failed reply carries at most this much text; every link has room for it.
inline constexpr std::size_t kMaxErrorText = 512;

template <class Head>
std::span<const std::byte> bytes_of(const Head& head) {
  static_assert(std::has_unique_object_representations_v<Head> && sizeof(Head) <= ipc::kMaxHeadBytes);
  return std::as_bytes(std::span(&head, 1));
}

template <class Head>
Head head_of(const ipc::Message& message) {
  static_assert(std::is_trivially_copyable_v<Head>);
  Head head;
  std::memcpy(&head, message.head.data(), sizeof head);
  return head;
}

}  // namespace mpmt::executors
