// Waiting for the others on this machine.
#pragma once

#include <functional>
#include <string>

#include "base/interrupt.hpp"
#include "benchmarks/host/load.hpp"

namespace mpmt::benchmarks {

/// Returns when others have left the CPUs alone for a quarter of a second, when `most_s` have passed, when what they do
/// is unknown, or at an interruption. Says once that it waits, when it does, and for what; and when that was in vain.
void wait_until_idle(LoadMeter& load, double most_s, Interrupt& interrupt,
                     const std::function<void(const std::string&)>& say);

}  // namespace mpmt::benchmarks
