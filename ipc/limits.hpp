// Checks that every channel makes, with one wording.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "ipc/buffer.hpp"
#include "ipc/channel.hpp"

namespace mpmt::ipc {

/// Throws std::length_error naming the channel and its limit unless `config` fits. Called first by every connect().
void check(const LinkConfig& config, std::string_view channel, std::size_t max_payload_bytes);

/// For check().
[[noreturn]] void throw_too_large(const Message& message, std::string_view channel, std::size_t max_payload_bytes);

/// Throws std::length_error unless the message fits a link made with `max_payload_bytes`.
inline void check(const Message& message, std::string_view channel, std::size_t max_payload_bytes) {
  if (message.head.size() <= kMaxHeadBytes && message.payload.size() <= max_payload_bytes) return;
  throw_too_large(message, channel, max_payload_bytes);
}

/// "<channel>: <bytes> bytes of memory", with RLIMIT_AS where there is one: the object of a failed allocation.
std::string memory_wanted(std::string_view channel, std::size_t bytes);

/// For grow().
void resize(Buffer& buffer, std::size_t bytes, std::string_view channel);

/// Grows `buffer` to at least `bytes`; throws std::system_error naming them when there is not so much memory.
inline void grow(Buffer& buffer, std::size_t bytes, std::string_view channel) {
  if (buffer.size() < bytes) resize(buffer, bytes, channel);
}

[[noreturn]] void throw_wrong_calls(const LinkConfig& config, std::string_view channel);

/// Throws std::logic_error unless the link was made for these calls. For channels that can serve one kind only.
inline void check_calls(const LinkConfig& config, Calls calls, std::string_view channel) {
  if (config.calls != calls) throw_wrong_calls(config, channel);
}

}  // namespace mpmt::ipc
