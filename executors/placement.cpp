#include "executors/placement.hpp"

#include <algorithm>
#include <numeric>

#include "base/cpus.hpp"

namespace mpmt::executors {
namespace {

std::optional<int> cpu_at(const Config& config, int position) {
  switch (config.placement) {
    case Placement::same:
      return config.cpus.front();
    case Placement::spread:
      return config.cpus[static_cast<std::size_t>(position) % config.cpus.size()];
    case Placement::free:
      break;
  }
  return std::nullopt;
}

}  // namespace

std::optional<int> cpu_of_worker(const Config& config, int worker) {
  return cpu_at(config, worker);
}

std::optional<int> cpu_of_submitter(const Config& config) {
  return cpu_at(config, config.workers);
}

std::vector<int> waking_order(const Config& config) {
  std::vector<int> order(static_cast<std::size_t>(config.workers));
  std::iota(order.begin(), order.end(), 0);
  const auto here = cpu_of_submitter(config);
  std::stable_partition(order.begin(), order.end(),
                        [&](int worker) { return !here || cpu_of_worker(config, worker) != here; });
  return order;
}

PinnedHere::PinnedHere(std::optional<int> cpu) {
  if (!cpu) return;
  cpu_set_t mask;
  if (::sched_getaffinity(0, sizeof mask, &mask) == 0) before_ = mask;
  pin_to(*cpu);
}

PinnedHere::~PinnedHere() {
  if (before_) ::sched_setaffinity(0, sizeof *before_, &*before_);
}

}  // namespace mpmt::executors
