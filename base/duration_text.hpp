// Times for people.
#pragma once

#include <string>

namespace mpmt {

/// "83.0 ns", "1.27 us", "12.0 ms": three digits.
std::string duration_text(double nanoseconds);

}  // namespace mpmt
