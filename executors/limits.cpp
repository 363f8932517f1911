#include "executors/limits.hpp"

#include <stdexcept>

#include "base/text.hpp"

namespace mpmt::executors {

void check(const Config& config) {
  if (config.workers < 1) throw std::invalid_argument(text("workers: ", config.workers, "; at least 1 is needed"));
  if (config.batch < 1) throw std::invalid_argument("batch: 0; at least 1 task is needed");
  if (config.window < 1) throw std::invalid_argument("window: 0; at least 1 message is needed");
  if (config.cpus.empty()) throw std::invalid_argument("cpus: none; at least 1 is needed");
}

}  // namespace mpmt::executors
