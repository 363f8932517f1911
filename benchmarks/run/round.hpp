// One round of a group: contenders that are alive at once, and whose blocks alternate.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "base/interrupt.hpp"
#include "benchmarks/host/load.hpp"
#include "benchmarks/trial/trial_process.hpp"

namespace mpmt::benchmarks {

/// What is built for a contender, and what each of its laps runs.
struct Entrant {
  Assignment assignment;
  Order order;
  Launch launch = {};
};

/// What became of an entrant.
struct Ran {
  TrialResult trial;
  std::vector<executors::Block> laps;  ///< counted ones, in order: those of all entrants that did not fail correspond
};

struct Round {
  std::vector<Ran> entrants;  ///< in the order given
  int dropped = 0;            ///< laps in which others used the CPUs: made again
  Load load;                  ///< of the laps that count
  double beside_s = 0;        ///< starting, warming up and ending
  double laps_s = 0;          ///< all laps, also those that do not count

  bool interrupted() const;
};

/// Starts all entrants, has each run its block once a lap, in an order that is drawn for each lap, and ends them. A
/// first lap is not counted: in it blocks that wait for somebody are up to 13 % faster; there is none without
/// `warm_up`. An entrant that fails drops
/// out, and the others go on.
///
/// Laps are judged in stretches of some 100 ms, which the kernel's counters of CPU time can tell something of: a
/// stretch in which others used the CPUs is dropped and made again, until half as many laps as asked for have been
/// dropped. From then on all count.
Round run_round(const std::vector<Entrant>& entrants, int laps, bool warm_up, std::mt19937_64& random, LoadMeter& load,
                Interrupt& interrupt);

}  // namespace mpmt::benchmarks
