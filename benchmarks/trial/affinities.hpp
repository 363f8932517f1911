// Where the threads of a trial may run, to see whether somebody has moved them.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <vector>

#include "executors/executor.hpp"

namespace mpmt::benchmarks {

/// By thread. Threads that cannot be asked, because they have ended or the system does not say, are left out.
using Affinities = std::map<pid_t, std::vector<int>>;

/// Of a trial's first thread and those of its workers, now.
Affinities affinities_of(pid_t trial, const std::vector<executors::WorkerFacts>& workers);

/// The first thread that is in both and may use other CPUs now than before, in words; empty when there is none.
std::string change_between(const Affinities& before, const Affinities& now);

}  // namespace mpmt::benchmarks
