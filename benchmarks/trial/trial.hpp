// The trial: a program of its own that builds one case, warms up, runs blocks on request, and ends.
#pragma once

namespace mpmt::benchmarks {

/// Speaks the protocol on standard input and output until it is told to end or its input ends. Returns the exit code:
/// 0, also when the case failed, since that has been said; 2 when the other side does not speak the protocol.
///
/// `parent`: the process id with which the trial dies; 0 = none.
int run_trial(int parent);

}  // namespace mpmt::benchmarks
