// How many descriptors this process may have open.
#pragma once

namespace mpmt {

/// Raises the soft limit (RLIMIT_NOFILE, 1024 as a rule) to the hard one: links between many workers take some
/// descriptors each. Does nothing when that is refused: who needs more than there are says so then.
void raise_descriptor_limit();

}  // namespace mpmt
