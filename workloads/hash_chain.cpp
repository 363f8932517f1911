// hash_chain: hashes its own result over and over. Stands for work that is one chain of dependent integer operations:
// key stretching, checksums, pseudo-random numbers. It lives in registers: neither caches nor memory take part.
//
// It cannot be folded away: each round needs the last one's result, a round is not linear, and only the last result
// is returned.
#include "workloads/kernel.hpp"
#include "workloads/mix.hpp"

namespace mpmt::workloads {
namespace {

class HashChain {
 public:
  explicit HashChain(const Parameters& parameters) : rounds_(parameters.grain) {}

  std::uint64_t operator()(std::uint64_t variant, std::span<const std::byte>, std::span<std::byte>) const {
    return hash_chain(variant, rounds_);
  }

 private:
  std::uint64_t rounds_;
};

const Registration registered{{.name = "hash_chain",
                               .summary = "a chain of dependent 64-bit hash rounds: registers only",
                               .grain_unit = "one round (two multiplications, three xor-shifts)",
                               .kind = Kind::cpu,
                               .question = "cpu",
                               .typical = true,
                               .version = 1,
                               .prepare = prepare_kernel<HashChain>}};

}  // namespace
}  // namespace mpmt::workloads
