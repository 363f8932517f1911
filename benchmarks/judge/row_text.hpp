// A row of the tables in words and cells, for whoever prints it.
#pragma once

#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

#include "benchmarks/case/family.hpp"
#include "benchmarks/judge/verdict.hpp"

namespace mpmt::benchmarks {

using Rows = std::vector<const Comparison*>;

/// What a cell says that has nothing to say.
inline constexpr auto kNothing = "-";

/// A column of a table: of a family (Column), or of all of them.
struct Printed {
  std::string title;
  std::function<std::string(const Comparison&)> cell;
  bool always = false;  ///< else only when its cells differ: equal ones are said once, above the table
};

/// What tells which cases a row compares. The first column says what they are about.
std::vector<Printed> columns_of_case(const Family& family);

/// Whether the column says the same of all rows, of which there is one at least.
bool uniform(const Printed& column, const Rows& rows);

/// With so many digits after the point.
std::string fixed(double value, int digits);
/// "9.4 %", "35 %".
std::string percent_text(double share);
/// "3 %".
std::string percent_of_margin(const Rules& rules);
/// "1.35x".
std::string factor(double ratio);
/// "1.030 - 1.041".
std::string interval_text(const Comparison& row);

/// In columns that begin one below the other. There is a line at least, and all have equally many cells.
void write_lines(std::ostream& out, const std::vector<std::vector<std::string>>& lines);

}  // namespace mpmt::benchmarks
