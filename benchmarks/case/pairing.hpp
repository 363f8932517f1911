// Which cases answer a question together: threads or processes, this program or that one.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "benchmarks/case/case.hpp"

namespace mpmt::benchmarks {

/// A row of a table: two cases, as indices. Ratios are times of `b` ÷ times of `a`.
struct Row {
  std::size_t a = 0;  ///< threads, or the program that was named first
  std::size_t b = 0;  ///< processes, or another program
};

/// What the two sides of a row are called: "threads" and "processes", or the names of two programs.
struct SideNames {
  std::string a;
  std::string b;
};
SideNames side_names(const Case& a, const Case& b);

/// Whether a row compares two programs.
inline bool compares_programs(const Case& a, const Case& b) {
  return a.program != b.program;
}

/// Of the programs in the order in which they come: whether it has a case in common with another one. Those that have
/// are compared with each other, the others are compared in themselves, threads with processes.
class SharedCases {
 public:
  explicit SharedCases(const std::vector<Case>& cases);
  bool shared_by(const std::string& program) const;
  bool any() const { return !programs_.empty(); }

 private:
  std::vector<std::string> programs_;
};

/// All rows: of equal cases the first program's with every other's, where they are of one version; and of a program
/// that has no case in common with another one those cases that differ in nothing but the address space: workload,
/// parameters and channel are equal. `shared`: of all cases, of which these may be a part.
std::vector<Row> controlled_rows(const std::vector<Case>& cases, const SharedCases& shared);
inline std::vector<Row> controlled_rows(const std::vector<Case>& cases) {
  return controlled_rows(cases, SharedCases(cases));
}

/// Of each piece of work (Family::work_of) the thread case and the process case of a program that cost least, whatever
/// their channels; `costs_ns`: of each case, HUGE_VAL where it is not known. Left out are cases that are not pinned,
/// since luck chooses their CPUs, and those of programs that are compared with each other.
std::vector<Row> deployed_rows(const std::vector<Case>& cases, const std::vector<double>& costs_ns);

}  // namespace mpmt::benchmarks
