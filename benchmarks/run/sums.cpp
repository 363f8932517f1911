#include "benchmarks/run/sums.hpp"

#include "base/text.hpp"
#include "benchmarks/trial/protocol.hpp"

namespace mpmt::benchmarks {

std::string Sums::fault_in(const Case& measured, const executors::Block& block) {
  if (measured.workload.empty()) return {};
  const Work work{measured.workload, measured.grain, measured.payload_bytes, measured.waiting_percent,
                  measured.facts.version};
  const auto [seen, is_first] =
      seen_.try_emplace({work, block.tasks}, Seen{measured.name(), measured.program, block.sum});
  const auto& [by, program, sum] = seen->second;
  auto& fault = faults_[{work, measured.program}];
  if (fault.empty() && program != measured.program && sum != block.sum) {
    fault = text("the sum over ", block.tasks, " tasks is ", hex(block.sum), "; that of ", by, " is ", hex(sum));
  }
  return fault;
}

}  // namespace mpmt::benchmarks
