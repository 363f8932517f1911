// How a workload whose task is a function of its index is written: as a kernel; everything else is here.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <span>

#include "workloads/workload.hpp"

namespace mpmt::workloads {

/// Tasks come in this many variants: task i does variant i mod kVariants. So inputs differ from task to task, and yet
/// the expected sum of any range is known from kVariants serial executions, made once a trial and never timed.
inline constexpr std::uint64_t kVariants = 16;

/// The computation of one task. Owns its buffers; one per session. The call is inlined into the session's loop.
template <class K>
concept TaskKernel =
    requires(K kernel, std::uint64_t variant, std::span<const std::byte> in, std::span<std::byte> out) {
      { kernel(variant, in, out) } -> std::same_as<std::uint64_t>;
    };

/// A task's result: that of its variant, weighed by its index, so that a task lost, doubled or swapped for another of the
/// same variant changes the sum. Odd weights lose no bit (they are invertible mod 2^64).
constexpr std::uint64_t weigh(std::uint64_t task, std::uint64_t variant_result) {
  return variant_result * (2 * task + 1);
}

/// Sum over a range of weigh(i, results[i mod kVariants]), in O(kVariants) steps: in each residue class the weights
/// are an arithmetic progression.
std::uint64_t weighed_sum(TaskRange tasks, const std::array<std::uint64_t, kVariants>& results);

template <TaskKernel Kernel>
class KernelSession final : public Session {
 public:
  explicit KernelSession(Kernel kernel) : kernel_(std::move(kernel)) {}

  std::uint64_t run(TaskRange tasks, std::span<const std::byte> in, std::span<std::byte> out) override {
    const std::size_t in_bytes = tasks.count == 0 ? 0 : in.size() / tasks.count;
    const std::size_t out_bytes = tasks.count == 0 ? 0 : out.size() / tasks.count;
    std::uint64_t sum = 0;
    for (std::uint64_t k = 0; k < tasks.count; ++k) {
      const std::uint64_t task = tasks.first + k;
      try {
        sum += weigh(task, kernel_(task % kVariants, in.subspan(k * in_bytes, in_bytes),
                                   out.subspan(k * out_bytes, out_bytes)));
      } catch (const std::exception& failure) {
        throw TaskError(task, failure.what());
      }
    }
    return sum;
  }

 private:
  Kernel kernel_;
};

}  // namespace mpmt::workloads
