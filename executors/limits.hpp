// Checks that every executor makes, with one wording.
#pragma once

#include "executors/executor.hpp"

namespace mpmt::executors {

/// Throws std::invalid_argument naming what is wrong, unless the configuration can be run. Called first by every
/// start().
void check(const Config& config);

}  // namespace mpmt::executors
