// prime_count: counts primes by trial division. Stands for integer code that is bound by a slow arithmetic unit and
// touches no memory beyond a few cache lines: parsing, date arithmetic, modular reduction.
//
// Every number is divided by all odd primes up to its square root, even when a divisor has been found: stopping early
// would make a prime cost 50 times as much as a multiple of three, and tasks would differ. So cost is linear in grain
// from 1 on, and equal for all tasks.
//
// It cannot be folded away: the table of divisors is filled at run time, where the optimiser does not see it, and the
// count is part of the result.
#include "workloads/kernel.hpp"

namespace mpmt::workloads {
namespace {

constexpr std::uint32_t kFirstNumber = 33'001;
constexpr std::uint32_t kNumbers = 16'384;  // odd ones; a longer task starts again from the first
constexpr std::uint32_t kRoot = 257;
static_assert(kFirstNumber + 2 * kNumbers < kRoot * kRoot, "no composite number without a divisor in the table");
static_assert(kFirstNumber > kRoot, "no number is its own divisor");
constexpr std::size_t kDivisors = 53;  // odd primes below kRoot

class PrimeCount {
 public:
  explicit PrimeCount(const Parameters& parameters) : numbers_(parameters.grain) {
    std::size_t known = 0;
    for (std::uint32_t candidate = 3; known < kDivisors; candidate += 2) {
      if (has_no_divisor(candidate, std::span(divisors_).first(known))) divisors_[known++] = candidate;
    }
  }

  /// Numbers tested in the upper half, primes among them in the lower one: not 0 where there is no prime.
  std::uint64_t operator()(std::uint64_t variant, std::span<const std::byte>, std::span<std::byte>) const {
    const std::uint64_t start = variant * (kNumbers / kVariants);
    std::uint64_t primes = 0;
    for (std::uint64_t k = 0; k < numbers_; ++k) {
      const auto number = kFirstNumber + 2 * static_cast<std::uint32_t>((start + k) % kNumbers);
      primes += has_no_divisor(number, divisors_) ? 1 : 0;
    }
    return (numbers_ << 32) + primes;
  }

 private:
  static bool has_no_divisor(std::uint32_t number, std::span<const std::uint32_t> divisors) {
    std::uint32_t found = 0;
    for (const std::uint32_t divisor : divisors) found += number % divisor == 0 ? 1 : 0;
    return found == 0;
  }

  std::uint64_t numbers_;
  std::array<std::uint32_t, kDivisors> divisors_{};
};

const Registration registered{{.name = "prime_count",
                               .summary = "counts primes by trial division: integer arithmetic, no memory",
                               .grain_unit = "one odd number between 33,001 and 65,767 divided by 53 primes",
                               .kind = Kind::cpu,
                               .question = "cpu",
                               .version = 1,
                               .prepare = prepare_kernel<PrimeCount>}};

}  // namespace
}  // namespace mpmt::workloads
