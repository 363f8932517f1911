// Reading the small files of /proc and /sys, where any of them may be missing.
#pragma once

#include <string>

namespace mpmt {

/// The whole file; empty when it cannot be read.
std::string contents_of(const std::string& path);

/// The file's text up to the first NUL, made one line (see one_line); empty when it cannot be read.
std::string line_of(const std::string& path);

/// "name=first line" of every file in a folder, sorted by name, joined with "; "; empty when it cannot be read.
/// Semicolons in a value become commas.
std::string lines_in(const std::string& folder);

}  // namespace mpmt
