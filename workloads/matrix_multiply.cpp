// matrix_multiply: multiplies 32 x 32 matrices of doubles. Stands for dense numerical work that stays in the first
// cache: a layer of a small network, a filter, a tile of a larger product.
//
// The elements are integers below 1021, products are reduced to such again: every sum is exact (below 2^25), so that
// the result does not depend on the order of additions, on fused operations, or on the compiler, and nothing overflows
// however long the chain.
//
// It cannot be folded away: each product is a factor of the next one, and all elements of the last enter the result.
#include <algorithm>

#include "workloads/kernel.hpp"
#include "workloads/mix.hpp"

namespace mpmt::workloads {
namespace {

constexpr std::size_t kSide = 32;
constexpr std::int32_t kModulus = 1021;  // prime, so that reduction does not wear elements down to 0

using Matrix = std::array<double, kSide * kSide>;

class MatrixMultiply {
 public:
  explicit MatrixMultiply(const Parameters& parameters) : products_(parameters.grain) {
    for (std::size_t i = 0; i < first_.size(); ++i) first_[i] = static_cast<double>(mix(i + 1) % kModulus);
    for (std::size_t i = 0; i < factor_.size(); ++i) factor_[i] = static_cast<double>(mix(~i) % kModulus);
  }

  std::uint64_t operator()(std::uint64_t variant, std::span<const std::byte>, std::span<std::byte>) {
    const auto turn = static_cast<std::ptrdiff_t>(variant * (first_.size() / kVariants + 1));
    std::rotate_copy(first_.begin(), first_.begin() + turn, first_.end(), current_.begin());
    for (std::uint64_t k = 0; k < products_; ++k) multiply_and_reduce();
    return checksum();
  }

 private:
  void multiply_and_reduce() {
    for (std::size_t row = 0; row < kSide; ++row) {
      std::array<double, kSide> sums{};
      for (std::size_t k = 0; k < kSide; ++k) {
        const double left = current_[row * kSide + k];
        for (std::size_t column = 0; column < kSide; ++column) sums[column] += left * factor_[k * kSide + column];
      }
      for (std::size_t column = 0; column < kSide; ++column) {
        current_[row * kSide + column] = static_cast<double>(static_cast<std::int32_t>(sums[column]) % kModulus);
      }
    }
  }

  std::uint64_t checksum() const {
    std::uint64_t sum = 1;
    for (std::size_t i = 0; i < current_.size(); ++i) sum += static_cast<std::uint64_t>(current_[i]) * (2 * i + 1);
    return sum;
  }

  std::uint64_t products_;
  alignas(64) Matrix first_;
  alignas(64) Matrix factor_;
  alignas(64) Matrix current_{};
};

const Registration registered{{.name = "matrix_multiply",
                               .summary = "a chain of small matrix products: floating point in the first cache",
                               .grain_unit = "one product of two 32 x 32 matrices of doubles",
                               .kind = Kind::cpu,
                               .question = "cpu",
                               .version = 1,
                               .prepare = prepare_kernel<MatrixMultiply>}};

}  // namespace
}  // namespace mpmt::workloads
