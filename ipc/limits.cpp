#include "ipc/limits.hpp"

#include <sys/resource.h>

#include <new>
#include <stdexcept>

#include "base/checked.hpp"
#include "base/text.hpp"

namespace mpmt::ipc {
namespace {

[[noreturn]] void throw_payload(std::size_t bytes, std::string_view channel, std::size_t limit,
                                std::string_view whose) {
  throw std::length_error(
      text(channel, ": a payload of ", bytes, " bytes is larger than ", whose, " ", limit, " bytes"));
}

}  // namespace

void check(const LinkConfig& config, std::string_view channel, std::size_t max_payload_bytes) {
  if (config.capacity == 0) throw std::length_error(text(channel, ": a capacity of 0 messages; at least 1 is needed"));
  if (config.max_payload_bytes <= max_payload_bytes) return;
  throw_payload(config.max_payload_bytes, channel, max_payload_bytes, "the channel's limit of");
}

void throw_too_large(const Message& message, std::string_view channel, std::size_t max_payload_bytes) {
  if (message.head.size() > kMaxHeadBytes) {
    throw std::length_error(
        text(channel, ": a head of ", message.head.size(), " bytes is larger than ", kMaxHeadBytes));
  }
  throw_payload(message.payload.size(), channel, max_payload_bytes, "this link was made for,");
}

std::string memory_wanted(std::string_view channel, std::size_t bytes) {
  rlimit address_space{};
  ::getrlimit(RLIMIT_AS, &address_space);
  const bool limited = address_space.rlim_cur != RLIM_INFINITY;
  return text(channel, ": ", bytes, " bytes of memory",
              limited ? text("; RLIMIT_AS is ", address_space.rlim_cur, " bytes") : "");
}

void resize(Buffer& buffer, std::size_t bytes, std::string_view channel) {
  try {
    buffer.resize(bytes);
  } catch (const std::bad_alloc&) {
    throw_system_error(ENOMEM, "allocation", memory_wanted(channel, bytes));
  }
}

void throw_wrong_calls(const LinkConfig& config, std::string_view channel) {
  throw std::logic_error(text(channel, ": the link was made for ",
                              config.calls == Calls::trying ? "trying, not for waiting" : "waiting, not for trying",
                              " calls"));
}

}  // namespace mpmt::ipc
