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

/// Of each piece of work (Family::work_of) the thread case and the process case that cost least, whatever their
/// channels; `costs_ns`: of each case, HUGE_VAL where it is not known. Left out are cases that are not pinned, since
/// luck chooses their CPUs, and those with a label.
std::vector<Row> deployed_rows(const std::vector<Case>& cases, const std::vector<double>& costs_ns);

}  // namespace mpmt::benchmarks
