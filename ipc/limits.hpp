// Checks that every channel makes, with one wording.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "ipc/channel.hpp"

namespace mpmt::ipc {

/// Throws std::length_error naming the channel and its limit unless `config` fits. Called first by every connect().
void check(const LinkConfig& config, std::string_view channel, std::size_t max_payload_bytes);

/// Throws std::length_error unless the message fits a link made with `max_payload_bytes`.
void check(const Message& message, std::string_view channel, std::size_t max_payload_bytes);

[[noreturn]] void throw_wrong_calls(const LinkConfig& config, std::string_view channel);

/// Throws std::logic_error unless the link was made for these calls. For channels that can serve one kind only.
inline void check_calls(const LinkConfig& config, Calls calls, std::string_view channel) {
  if (config.calls != calls) throw_wrong_calls(config, channel);
}

}  // namespace mpmt::ipc
