// Memory that nothing else shares a line with.
#include "base/cache_line.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

namespace mpmt {
namespace {

std::uintptr_t address(const void* place) {
  return reinterpret_cast<std::uintptr_t>(place);
}

TEST(PaddedVector, begins_on_a_line_of_its_own_and_has_its_last_one_to_itself) {
  for (const std::size_t bytes : {1U, 72U, 128U, 129U, 5000U}) {
    std::vector<PaddedVector<char>> many;
    for (int i = 0; i < 20; ++i) {
      many.emplace_back(bytes);
      const std::vector<char> neighbour(24);
      EXPECT_EQ(address(many.back().data()) % kPadding, 0U);
    }
    for (const auto& one : many) {
      const auto last = address(one.data() + one.size() - 1) / kPadding;
      for (const auto& other : many) {
        if (&one == &other) continue;
        EXPECT_NE(address(other.data()) / kPadding, last);
      }
    }
  }
}

TEST(PaddedVector, what_is_more_than_there_can_be_is_no_memory) {
  PaddedAllocator<std::uint64_t> allocator;
  EXPECT_THROW(allocator.allocate(std::numeric_limits<std::size_t>::max() / 8), std::bad_alloc);
}

}  // namespace
}  // namespace mpmt
