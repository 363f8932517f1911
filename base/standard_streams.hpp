// Standard input, output and error that are not open.
#pragma once

namespace mpmt {

/// To be called before anything is opened: a process may be started with some of the descriptors 0, 1 and 2 closed
/// (`>&-`), and the next file would get that number and all that is printed. Those that are closed become /dev/null,
/// opened such that reading, or writing, still fails (EBADF) and can be told.
void occupy_standard_streams();

}  // namespace mpmt
