// A benchmark of every channel of the catalogue.
#pragma once

namespace mpmt::micro {

/// Registers them with Google Benchmark. Called once main() has started: the catalogue is complete only then, which is
/// why no BENCHMARK() can do this.
void register_channels();

}  // namespace mpmt::micro
