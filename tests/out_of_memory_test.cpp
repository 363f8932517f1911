// What is too large for the machine is said with its size.
#include "base/out_of_memory.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <new>
#include <string>
#include <vector>

#include "base/sanitizers.hpp"

namespace mpmt {
namespace {

#ifndef MPMT_SANITIZED

constexpr std::size_t kTooLarge = std::size_t{1} << 60;

struct alignas(128) Line {
  char bytes[128];
};

template <class Value>
std::string message_of() {
  try {
    const std::vector<Value> all(kTooLarge / sizeof(Value));
    return std::to_string(all.size()) + " values";
  } catch (const std::bad_alloc& failure) {
    return failure.what();
  }
}

TEST(OutOfMemory, says_how_large_it_was) {
  EXPECT_EQ(message_of<std::uint64_t>(), "cannot allocate 1152921504606846976 bytes");
  EXPECT_EQ(message_of<Line>(), "cannot allocate 1152921504606846976 bytes");
  EXPECT_EQ(new (std::nothrow) std::uint64_t[kTooLarge / 8], nullptr);
}

TEST(OutOfMemory, what_is_allocated_is_aligned) {
  for (int i = 0; i < 16; ++i) {
    const std::vector<Line> lines(3);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(lines.data()) % alignof(Line), 0U);
  }
}

#endif

}  // namespace
}  // namespace mpmt
