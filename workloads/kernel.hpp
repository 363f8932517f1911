// How a workload whose task is a function of its index is written: as a kernel; everything else is here.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "workloads/workload.hpp"

namespace mpmt::workloads {

/// Tasks come in this many variants: task i does variant i mod kVariants. So inputs differ from task to task, and yet
/// the expected sum of any range is known from kVariants serial executions at most, made once a trial and never timed.
inline constexpr std::uint64_t kVariants = 16;
static_assert((kVariants & (kVariants - 1)) == 0, "variants stay in step where indices wrap round at 2^64");

/// The result of each variant.
using VariantResults = std::array<std::uint64_t, kVariants>;

/// The computation of one task. Owns its buffers; one per session. The call is inlined into the session's loop.
/// A result is never 0: a lost task would add as little as one that has run.
template <class K>
concept TaskKernel = requires(K kernel, std::uint64_t variant, std::span<const std::byte> in,
                              std::span<std::byte> out) {
  { kernel(variant, in, out) } -> std::same_as<std::uint64_t>;
};

/// A task's result: that of its variant, weighed by its index, so that a task lost, doubled or swapped for another of
/// the same variant changes the sum. Odd weights lose no bit (they are invertible mod 2^64).
constexpr std::uint64_t weigh(std::uint64_t task, std::uint64_t variant_result) {
  return variant_result * (2 * task + 1);
}

/// Sum over a range of weigh(i, results[i mod kVariants]), in O(kVariants) steps: in each residue class the weights
/// are an arithmetic progression.
std::uint64_t weighed_sum(TaskRange tasks, const VariantResults& results);

template <TaskKernel Kernel>
class KernelSession final : public Session {
 public:
  explicit KernelSession(Kernel kernel) : kernel_(std::move(kernel)) {}
  /// For a kernel that owns what cannot be moved.
  template <class... Arguments>
  explicit KernelSession(std::in_place_t, Arguments&&... arguments) : kernel_(std::forward<Arguments>(arguments)...) {}

  std::uint64_t run(TaskRange tasks, std::span<const std::byte> in, std::span<std::byte> out) override {
    const std::size_t in_bytes = tasks.count == 0 ? 0 : in.size() / tasks.count;
    const std::size_t out_bytes = tasks.count == 0 ? 0 : out.size() / tasks.count;
    std::uint64_t sum = 0;
    for (std::uint64_t k = 0; k < tasks.count; ++k) {
      const std::uint64_t task = tasks.first + k;
      try {
        sum += weigh(
            task, kernel_(task % kVariants, in.subspan(k * in_bytes, in_bytes), out.subspan(k * out_bytes, out_bytes)));
      } catch (const std::exception& failure) {
        throw TaskError(task, failure.what());
      }
    }
    return sum;
  }

 private:
  Kernel kernel_;
};

/// The fixture of a kernel that is made from the parameters alone: each session gets a fresh one, made in its worker.
/// `Computation` gives the same results without what else a task does: it does not wait.
template <TaskKernel Kernel, TaskKernel Computation = Kernel>
requires std::constructible_from<Kernel, const Parameters&> && std::constructible_from<Computation, const Parameters&>
class KernelFixture : public Fixture {
 public:
  /// Runs variants once, serially, to know their results: those that a sum is first asked for.
  explicit KernelFixture(const Parameters& parameters) : parameters_(parameters) {}

  /// For a kernel whose results are known without running it, because it waits.
  KernelFixture(const Parameters& parameters, const VariantResults& results,
                std::map<std::string, std::string> surroundings = {})
      : parameters_(parameters), results_(results), known_(kVariants), surroundings_(std::move(surroundings)) {}

  std::unique_ptr<Session> open(int) override {
    return std::make_unique<KernelSession<Kernel>>(std::in_place, std::as_const(parameters_));
  }
  std::uint64_t expected_sum(TaskRange tasks) const override {
    const auto first = tasks.first % kVariants;
    know(tasks.count < kVariants - first ? first + tasks.count : kVariants);
    return weighed_sum(tasks, results_);
  }
  std::map<std::string, std::string> surroundings() const override { return surroundings_; }

 protected:
  const Parameters& parameters() const { return parameters_; }

 private:
  /// A block of a few long tasks has few variants, and to run them all would take longer than the block.
  void know(std::uint64_t variants) const {
    if (variants <= known_) return;
    std::vector<std::byte> request(parameters_.payload_bytes);
    std::vector<std::byte> reply(parameters_.payload_bytes);
    Fixture::fill_request(request);
    Computation compute(parameters_);
    for (; known_ < variants; ++known_) results_[known_] = compute(known_, request, reply);
  }

  Parameters parameters_;
  mutable VariantResults results_{};
  mutable std::uint64_t known_ = 0;  ///< of the first so many variants the result is known
  std::map<std::string, std::string> surroundings_;
};

/// Description::prepare of a workload that is nothing but its kernel.
template <TaskKernel Kernel>
std::unique_ptr<Fixture> prepare_kernel(const Parameters& parameters) {
  return std::make_unique<KernelFixture<Kernel>>(parameters);
}

}  // namespace mpmt::workloads
