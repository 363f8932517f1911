// Which pairs of sides are measured, over which channels.
#pragma once

#include <vector>

#include "benchmarks/case/planning.hpp"

namespace mpmt::benchmarks {

/// Those that only bare channels have.
std::vector<Axis> channel_axes();

/// What is known of a pair of sides, by the names of its parts.
CaseFacts facts_of_pair(const Case& pair);

/// Channels, and the floors beside them, wherever a channel is fit for what was asked for. Throws UsageError as
/// plan_pools() does.
PlannedCases plan_channels(const Wish& wish);

}  // namespace mpmt::benchmarks
