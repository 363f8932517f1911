// empty: a task that does nothing. What its tasks cost is what the harness costs: dispatch, channel, completion.
//
// The result is one constant per variant, but the optimiser is not told so: the empty asm statement claims to change
// it. Hence run() stays a loop with one step per task (read, weigh, add: about 1 ns) and does not become a formula for
// the whole batch; and a lost or doubled task changes the sum, as in every other workload.
#include "workloads/kernel.hpp"

namespace mpmt::workloads {
namespace {

class Empty {
 public:
  explicit Empty(const Parameters&) {}

  std::uint64_t operator()(std::uint64_t variant, std::span<const std::byte>, std::span<std::byte>) const {
    std::uint64_t result = variant + 1;
    asm volatile("" : "+r"(result));
    return result;
  }
};

const Registration registered{{.name = "empty",
                               .summary = "does nothing: the harness's own cost",
                               .grain_unit = "nothing: grain is ignored",
                               .kind = Kind::harness,
                               .question = "hand_over",
                               .typical = true,
                               .version = 1,
                               .grain_scales = false,
                               .prepare = prepare_kernel<Empty>}};

}  // namespace
}  // namespace mpmt::workloads
