// A client's way into the server of loopback_echo.
#pragma once

#include <chrono>
#include <cstdint>

#include "base/fd.hpp"
#include "workloads/echo_protocol.hpp"

namespace mpmt::workloads {

/// How long enter() tries.
inline constexpr std::chrono::seconds kEntrancePatience{10};

/// A connection to the server at 127.0.0.1:`port` that has been let in; with TCP_NODELAY. Where strangers flood the
/// server a connection can be lost before the secret has been seen: then the next one is tried.
///
/// Throws std::system_error naming the server: at once when nobody listens, else after kEntrancePatience.
Fd enter(std::uint16_t port, const Secret& secret);

}  // namespace mpmt::workloads
