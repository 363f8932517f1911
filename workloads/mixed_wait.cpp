// mixed_wait: computes, then waits. Stands for a request that works on what it has and calls another service, a
// database say: of its time a share is spent on a CPU, and the rest overlaps with the waits of others.
//
// What is computed is the same on every machine, a number of hash_chain's rounds for each nominal microsecond, and the
// wait is exact. The share that a task really waits follows from both: on a machine whose rounds are quicker than the
// nominal ones it is larger than the one that was asked for. CPU time / time of a task shows it.
#include "workloads/kernel.hpp"
#include "workloads/mix.hpp"
#include "workloads/wait.hpp"

namespace mpmt::workloads {
namespace {

/// On a CPU of about 3 GHz these take a microsecond.
constexpr std::uint64_t kRoundsPerMicrosecond = 300;
static_assert(kRoundsPerMicrosecond % 100 == 0, "any whole per cent of a microsecond is a whole number of rounds");

/// What a task computes: its result, which is that of the task.
class Computation {
 public:
  explicit Computation(const Parameters& parameters)
      : rounds_(parameters.grain * static_cast<std::uint64_t>(100 - parameters.waiting_percent) *
                (kRoundsPerMicrosecond / 100)) {}

  std::uint64_t operator()(std::uint64_t variant, std::span<const std::byte>, std::span<std::byte>) const {
    return hash_chain(variant, rounds_);
  }

 private:
  std::uint64_t rounds_;
};

class MixedWait {
 public:
  explicit MixedWait(const Parameters& parameters)
      : compute_(parameters), wait_(std::chrono::nanoseconds(wait_of(parameters)) / 100 * parameters.waiting_percent) {
    wake_on_time();
  }

  std::uint64_t operator()(std::uint64_t variant, std::span<const std::byte> in, std::span<std::byte> out) const {
    const auto result = compute_(variant, in, out);
    if (wait_.count() > 0) wait_for(wait_);
    return result;
  }

 private:
  Computation compute_;
  std::chrono::nanoseconds wait_;
};

std::unique_ptr<Fixture> prepare(const Parameters& parameters) {
  wait_of(parameters);
  return std::make_unique<KernelFixture<MixedWait, Computation>>(parameters);
}

const Registration registered{
    {.name = "mixed_wait",
     .summary =
         "computes, then waits for a share of its time (--waiting): CPU time / task time is the share computed here",
     .grain_unit = "one nominal microsecond: 300 rounds of hash_chain where nothing is waited, else fewer and a wait",
     .kind = Kind::io,
     .question = "mix",
     .typical = true,
     .version = 1,
     .usual_grain = 1000,
     .takes_waiting = true,
     .prepare = prepare}};

}  // namespace
}  // namespace mpmt::workloads
