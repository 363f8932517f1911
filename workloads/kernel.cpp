#include "workloads/kernel.hpp"

namespace mpmt::workloads {

std::uint64_t weighed_sum(TaskRange tasks, const VariantResults& results) {
  std::uint64_t sum = 0;
  for (std::uint64_t offset = 0; offset < kVariants && offset < tasks.count; ++offset) {
    // The tasks i, i + V, i + 2 V, ... of one variant: n of them, V = kVariants. Their weights 2 (i + j V) + 1 add up
    // to n (2 i + 1) + V n (n - 1), in which nothing is divided, so that it holds mod 2^64 too.
    const std::uint64_t i = tasks.first + offset;
    const std::uint64_t n = (tasks.count - offset - 1) / kVariants + 1;
    sum += results[i % kVariants] * (n * (2 * i + 1) + kVariants * n * (n - 1));
  }
  return sum;
}

}  // namespace mpmt::workloads
