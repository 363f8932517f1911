// Which cases answer "threads or processes?" together.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "benchmarks/case/case.hpp"

namespace mpmt::benchmarks {

/// `neither`: no side of it is behind a link (serial), or it is a floor.
enum class Who { threads, processes, neither };

Who who_runs(const Case& measured);

/// A row of a table: two cases, as indices. Where labels tell them apart, the first and the second.
struct Pair {
  std::size_t threads = 0;
  std::size_t processes = 0;
};

/// All pairs that differ in nothing but the address space: workload, parameters and channel are equal. Cases with a
/// label are paired with what differs in nothing but that.
std::vector<Pair> controlled_pairs(const std::vector<Case>& cases);

/// What is to be done when a user deploys: cases that agree in it do the same work, however it travels and whoever does
/// it. Comparable with others, and nothing else.
std::string deployed_key(const Case& measured);

}  // namespace mpmt::benchmarks
