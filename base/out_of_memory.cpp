#include "base/out_of_memory.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "base/sanitizers.hpp"

namespace mpmt {

OutOfMemory::OutOfMemory(std::size_t bytes) noexcept {
  std::snprintf(message_.data(), message_.size(), "cannot allocate %zu bytes", bytes);
}

}  // namespace mpmt

#ifndef MPMT_SANITIZED

// The library's own do the same but for the size. The other forms of new and delete go by these.

void* operator new(std::size_t bytes) {
  if (void* const memory = std::malloc(std::max<std::size_t>(bytes, 1))) return memory;
  throw mpmt::OutOfMemory(bytes);
}

void* operator new(std::size_t bytes, std::align_val_t alignment) {
  void* memory = nullptr;
  const auto least = std::max(static_cast<std::size_t>(alignment), sizeof(void*));
  if (::posix_memalign(&memory, least, std::max<std::size_t>(bytes, 1)) == 0) return memory;
  throw mpmt::OutOfMemory(bytes);
}

void operator delete(void* memory) noexcept {
  std::free(memory);
}

void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

void operator delete(void* memory, std::align_val_t) noexcept {
  std::free(memory);
}

void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  std::free(memory);
}

#endif
