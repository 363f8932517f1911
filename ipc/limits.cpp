#include "ipc/limits.hpp"

#include <stdexcept>

#include "base/text.hpp"

namespace mpmt::ipc {
namespace {

void check_payload(std::size_t bytes, std::string_view channel, std::size_t limit, std::string_view whose) {
  if (bytes <= limit) return;
  throw std::length_error(
      text(channel, ": a payload of ", bytes, " bytes is larger than ", whose, " ", limit, " bytes"));
}

}  // namespace

void check(const LinkConfig& config, std::string_view channel, std::size_t max_payload_bytes) {
  if (config.capacity == 0) throw std::length_error(text(channel, ": a capacity of 0 messages; at least 1 is needed"));
  check_payload(config.max_payload_bytes, channel, max_payload_bytes, "the channel's limit of");
}

void check(const Message& message, std::string_view channel, std::size_t max_payload_bytes) {
  if (message.head.size() > kMaxHeadBytes) {
    throw std::length_error(
        text(channel, ": a head of ", message.head.size(), " bytes is larger than ", kMaxHeadBytes));
  }
  check_payload(message.payload.size(), channel, max_payload_bytes, "this link was made for,");
}

void throw_wrong_calls(const LinkConfig& config, std::string_view channel) {
  throw std::logic_error(text(channel, ": the link was made for ",
                              config.calls == Calls::trying ? "trying, not for waiting" : "waiting, not for trying",
                              " calls"));
}

}  // namespace mpmt::ipc
