// The Python package that comes with this program.
#pragma once

#include <filesystem>
#include <string_view>

namespace mpmt::benchmarks {

/// The path of this program; empty where the system does not tell.
std::filesystem::path own_path();

/// Where `name`, a path below scripts/, is: beside this program where that is installed, else in the source tree that
/// it was built from. Throws UsageError when it is in neither.
std::filesystem::path script_named(std::string_view name);

}  // namespace mpmt::benchmarks
