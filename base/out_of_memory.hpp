// An allocation that failed, and how large it was.
#pragma once

#include <array>
#include <cstddef>
#include <new>

namespace mpmt {

/// What `new`, and so every container, throws in our programs when there is no memory: a std::bad_alloc that says
/// "cannot allocate 1099511627776 bytes". (In those built with a sanitizer, which has a `new` of its own, it is the
/// sanitizer's.)
class OutOfMemory final : public std::bad_alloc {
 public:
  explicit OutOfMemory(std::size_t bytes) noexcept;
  const char* what() const noexcept override { return message_.data(); }

 private:
  std::array<char, 64> message_;
};

}  // namespace mpmt
