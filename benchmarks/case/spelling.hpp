// Numbers, sizes and times as people write them.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace mpmt::benchmarks {

/// A whole number from `least` to `most`, with a binary suffix or without: 65536, 64Ki, 64KiB, 1Mi, 1Gi. Throws
/// std::invalid_argument that quotes `item` and says what is allowed; where people disagree on what is meant (2K, 2KB),
/// or it is spelt otherwise than here (1e3, 1.5Ki), what to write instead.
std::uint64_t whole_number_from(const std::string& item, std::uint64_t least, std::uint64_t most);

/// Whether `item` is a number followed by a unit of time.
bool reads_as_time(const std::string& item);

/// A time above 0 and up to a minute: 50ns, 50us (50µs, 50usec), 1.5ms (msec), 2s (sec). Throws std::invalid_argument
/// as above.
std::chrono::nanoseconds time_from(const std::string& item);

/// Seconds from `least` to `most`: 2, 0.5, 2s, 500ms. Throws std::invalid_argument as above.
double seconds_from(const std::string& item, double least, double most);

/// A share from `least` to `most`: 3%, 0.5 %, or 0.03. Throws std::invalid_argument as above.
double share_from(const std::string& item, double least, double most);

/// The same in whole per cents, which it returns: 70 for 70% and for 0.7.
int percent_from(const std::string& item, int least, int most);

/// 70 for 0.7, as JSON has it. Throws std::invalid_argument that says what is allowed.
int percent_of(double share, int least, int most);

}  // namespace mpmt::benchmarks
