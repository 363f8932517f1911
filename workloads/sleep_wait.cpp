// sleep_wait: waits a fixed time. Stands for a call that keeps the caller waiting and uses no resource of this machine:
// the purest I/O-bound task. Any number of waits overlap, so more workers than CPUs pay.
#include "workloads/kernel.hpp"
#include "workloads/mix.hpp"
#include "workloads/wait.hpp"

namespace mpmt::workloads {
namespace {

/// Each variant's result, given by a task that has waited.
constexpr std::uint64_t result_of(std::uint64_t variant) {
  return mix(variant + 1);
}

class SleepWait {
 public:
  explicit SleepWait(const Parameters& parameters) : wait_(wait_of(parameters)) { wake_on_time(); }

  std::uint64_t operator()(std::uint64_t variant, std::span<const std::byte>, std::span<std::byte>) const {
    wait_for(wait_);
    return result_of(variant);
  }

 private:
  std::chrono::microseconds wait_;
};

std::unique_ptr<Fixture> prepare(const Parameters& parameters) {
  wait_of(parameters);
  VariantResults results{};
  for (std::uint64_t variant = 0; variant < kVariants; ++variant) results[variant] = result_of(variant);
  return std::make_unique<KernelFixture<SleepWait>>(parameters, results);
}

const Registration registered{{.name = "sleep_wait",
                               .summary = "waits a fixed time: I/O that uses nothing of this machine",
                               .grain_unit = "one microsecond of waiting; waking up comes on top",
                               .kind = Kind::io,
                               .question = "wait",
                               .typical = true,
                               .version = 1,
                               .unit = std::chrono::microseconds(1),
                               .prepare = prepare}};

}  // namespace
}  // namespace mpmt::workloads
