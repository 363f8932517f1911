// sort_block: sorts blocks of random keys. Stands for branchy work on data: sorting, merging, joining, searching; many
// of its branches cannot be predicted. A block is 4 KiB and stays in the first cache. Some blocks are easier to sort
// than others: tasks of one block differ by up to 5 %, those of 20 blocks by 2 %.
//
// It cannot be folded away: keys are weighed by the place at which they end up, so that the result needs the order; and
// each block's keys come from the result of the one before.
#include <algorithm>

#include "workloads/kernel.hpp"
#include "workloads/mix.hpp"

namespace mpmt::workloads {
namespace {

constexpr std::size_t kKeys = 1024;

class SortBlock {
 public:
  explicit SortBlock(const Parameters& parameters) : blocks_(parameters.grain) {}

  std::uint64_t operator()(std::uint64_t variant, std::span<const std::byte>, std::span<std::byte>) {
    std::uint64_t result = mix(variant + 1);
    for (std::uint64_t block = 0; block < blocks_; ++block) {
      refill(result);
      std::sort(keys_.begin(), keys_.end());
      result = mix(result + sum_by_place());
    }
    return result;
  }

 private:
  void refill(std::uint64_t seed) {
    for (std::size_t i = 0; i < kKeys; ++i) keys_[i] = static_cast<std::uint32_t>(mix(seed + i * kGolden));
  }

  std::uint64_t sum_by_place() const {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < kKeys; ++i) sum += keys_[i] * (i + 1);
    return sum;
  }

  std::uint64_t blocks_;
  std::array<std::uint32_t, kKeys> keys_{};
};

const Registration registered{{.name = "sort_block",
                               .summary = "fills and sorts small blocks of keys: unpredictable branches",
                               .grain_unit = "one block of 1024 random 32-bit keys, filled and sorted",
                               .kind = Kind::cpu,
                               .question = "cpu",
                               .version = 1,
                               .prepare = prepare_kernel<SortBlock>}};

}  // namespace
}  // namespace mpmt::workloads
