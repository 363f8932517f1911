// Reading a file that somebody has named.
#pragma once

#include <filesystem>
#include <string>

namespace mpmt {

/// All of a regular file. Never waits for anybody, and never opens what is no file: a FIFO would have us wait for its
/// writer, a device may do something. Throws std::runtime_error which begins with the path.
std::string contents_of_file(const std::filesystem::path& path);

}  // namespace mpmt
