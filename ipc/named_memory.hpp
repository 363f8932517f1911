// Objects of Boost.Interprocess that want a name in /dev/shm: made under one that is gone at once.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "ipc/names.hpp"

namespace mpmt::ipc {

/// Makes an object of Boost.Interprocess by `make`, with bip::create_only, so that Boost never opens what somebody else
/// has made: another name is drawn when it says that there is such an object already. The name is gone when this
/// returns, and every page of the object is allocated: no later write meets a full /dev/shm, which would be a SIGBUS.
///
/// Boost writes to the memory as it makes it, and is killed by SIGBUS where /dev/shm is full. So room for `bytes`,
/// which the object will not exceed, is looked for first. Throws std::system_error naming `object` (what the memory is
/// for), the size and /dev/shm; and what Boost throws.
void make_in_dev_shm(const std::string& object, std::size_t bytes, const std::function<void(const char* name)>& make,
                     const DrawName& draw = draw_name);

}  // namespace mpmt::ipc
