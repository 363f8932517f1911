// How far apart to keep what different CPUs write.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <vector>

namespace mpmt {

inline constexpr std::size_t kCacheLine = 64;
/// Two lines: the adjacent-line prefetcher of x86 couples pairs.
inline constexpr std::size_t kPadding = 2 * kCacheLine;

/// Whole paddings, which nothing else lies in. What one thread writes again and again would otherwise share a line with
/// whatever the heap happens to put beside it, and others who read that would wait for the line each time: by chance,
/// the same one for every trial of a run.
template <class T>
struct PaddedAllocator {
  using value_type = T;

  PaddedAllocator() = default;
  template <class Other>
  PaddedAllocator(const PaddedAllocator<Other>&) {}  // NOLINT(google-explicit-constructor): allocators convert

  T* allocate(std::size_t count) {
    if (count > (SIZE_MAX - kPadding) / sizeof(T)) throw std::bad_alloc();
    const auto bytes = (count * sizeof(T) + kPadding - 1) / kPadding * kPadding;
    return static_cast<T*>(::operator new(bytes, std::align_val_t(kPadding)));
  }
  void deallocate(T* memory, std::size_t) { ::operator delete(memory, std::align_val_t(kPadding)); }

  friend bool operator==(const PaddedAllocator&, const PaddedAllocator&) { return true; }
};

template <class T>
using PaddedVector = std::vector<T, PaddedAllocator<T>>;

}  // namespace mpmt
