// Which cases answer "threads or processes?" together.
#pragma once

#include <cstddef>
#include <vector>

#include "benchmarks/case/case.hpp"

namespace mpmt::benchmarks {

/// A row of a table: two cases, as indices. Where labels tell them apart, the first and the second.
struct Row {
  std::size_t threads = 0;
  std::size_t processes = 0;
};

/// All rows whose cases differ in nothing but the address space: workload, parameters and channel are equal. Cases with
/// a label are compared with what differs in nothing but that.
std::vector<Row> controlled_rows(const std::vector<Case>& cases);

}  // namespace mpmt::benchmarks
