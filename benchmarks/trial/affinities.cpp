#include "benchmarks/trial/affinities.hpp"

#include <system_error>

#include "base/cpus.hpp"
#include "base/proc_text.hpp"
#include "base/text.hpp"

namespace mpmt::benchmarks {

Affinities affinities_of(pid_t trial, const std::vector<executors::WorkerFacts>& workers) {
  std::vector<pid_t> threads{trial};
  for (const auto& worker : workers) threads.push_back(worker.tid);
  Affinities found;
  for (const pid_t thread : threads) {
    if (thread <= 0) continue;  // 0 would be this process
    try {
      found[thread] = affinity_of(thread);
    } catch (const std::system_error&) {
    }
  }
  return found;
}

std::string change_between(const Affinities& before, const Affinities& now) {
  for (const auto& [thread, cpus] : before) {
    const auto found = now.find(thread);
    if (found == now.end() || found->second == cpus) continue;
    return text("the CPUs of the trial's thread ", thread, " were changed from ", cpu_list_of(cpus), " to ",
                cpu_list_of(found->second));
  }
  return {};
}

}  // namespace mpmt::benchmarks
