// Values that stand in for {name} in a command.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "benchmarks/case/axes.hpp"

namespace mpmt::benchmarks {

using Parameters = std::vector<std::pair<std::string, std::string>>;  ///< names and values

/// Every combination of values, in the order of the lists; one without any where there is no list. Throws UsageError
/// when there are too many.
std::vector<Parameters> combinations_of(const std::vector<ParameterList>& lists);

/// The text with each {name} replaced by its value.
std::string filled_in(std::string text, const Parameters& parameters);

}  // namespace mpmt::benchmarks
