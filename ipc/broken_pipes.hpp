// Writing to a pipe that nobody reads any more.
#pragma once

namespace mpmt::ipc {

/// Has write() fail with EPIPE instead of ending the process: no flag of write() does that for pipes. Sets SIGPIPE to
/// be ignored, unless this process handles it. Called where a link is made and where a side keeps its end of it: a
/// forked child may have its signals reset. Throws std::system_error.
void ignore_broken_pipes();

}  // namespace mpmt::ipc
