#include "commands/last_line.hpp"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/checked.hpp"
#include "base/shown.hpp"

namespace mpmt::commands {
namespace {

constexpr std::size_t kMostAtOnce = std::size_t{1} << 20;

bool is_blank(std::string_view line) {
  return line.find_first_not_of(" \t\v\f") == std::string_view::npos;
}

}  // namespace

LastLine::LastLine(Fd from) : from_(std::move(from)) {
  checked([&] { return ::fcntl(from_.get(), F_SETFL, O_NONBLOCK); }, "fcntl", "standard error of a command");
}

void LastLine::drain() {
  std::array<char, 65536> buffer;
  for (std::size_t total = 0; from_ && total < kMostAtOnce;) {
    const auto count = ::read(from_.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0) return from_.reset();
    take({buffer.data(), static_cast<std::size_t>(count)});
    total += static_cast<std::size_t>(count);
  }
}

void LastLine::take(std::string_view bytes) {
  while (!bytes.empty()) {
    // A carriage return as well: a progress bar is many lines.
    const auto end = bytes.find_first_of("\r\n");
    const auto part = bytes.substr(0, end);
    line_.append(part.substr(0, kMaxBytes - std::min(kMaxBytes, line_.size())));
    if (end == std::string_view::npos) return;
    if (!is_blank(line_)) last_ = line_;
    line_.clear();
    bytes.remove_prefix(end + 1);
  }
}

std::string LastLine::text() const {
  return shown(is_blank(line_) ? last_ : line_);
}

std::string LastLine::after_colon() const {
  const auto said = text();
  return said.empty() ? said : ": " + said;
}

}  // namespace mpmt::commands
