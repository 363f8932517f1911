// Whether programs that run equal tasks compute the same.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

#include "benchmarks/case/case.hpp"

namespace mpmt::benchmarks {

/// Equal tasks have equal sums, whoever runs them: what was seen first is the measure for other programs. Values.
class Sums {
 public:
  /// Why the sum of a block is wrong; empty: it is not. From then on all of that program's are that do the same work.
  std::string fault_in(const Case& measured, const executors::Block& block);

 private:
  /// Workload, grain, payload, waiting, version.
  using Work = std::tuple<std::string, std::uint64_t, std::size_t, std::optional<int>, int>;
  struct Seen {
    std::string by;  ///< the case's name
    std::string program;
    std::uint64_t sum = 0;
  };
  std::map<std::pair<Work, std::uint64_t>, Seen> seen_;         ///< and tasks
  std::map<std::pair<Work, std::string>, std::string> faults_;  ///< and program
};

}  // namespace mpmt::benchmarks
