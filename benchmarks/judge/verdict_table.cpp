// The verdict tables as text.
#include <sstream>
#include <utility>

#include "base/shown.hpp"
#include "base/text.hpp"
#include "benchmarks/judge/row_text.hpp"

namespace mpmt::benchmarks {
namespace {

std::vector<Printed> columns_of_result(const Rules& rules) {
  return {
      {"a task takes", [](const Comparison& r) { return text_of(r.task); }},
      {"rounds", [](const Comparison& r) { return text(r.rounds); }, true},
      {"ratio", [](const Comparison& r) { return r.finding.rounds == 0 ? kNothing : fixed(r.finding.ratio, 3); }, true},
      {fixed(100 * rules.confidence, 0) + " % interval", interval_text, true},
      {"verdict", [&rules](const Comparison& r) { return in_words(r, rules); }, true}};
}

/// `rows`: of one family.
void write_table(std::ostringstream& out, const std::string& title, const Rows& rows, const Rules& rules) {
  auto columns = columns_of_case(family_of(rows.front()->b));
  const auto of_result = columns_of_result(rules);
  columns.insert(columns.end(), of_result.begin(), of_result.end());
  std::string common;
  std::vector<Printed> drawn;
  for (auto& column : columns) {
    if (column.always || !uniform(column, rows)) {
      drawn.push_back(std::move(column));
    } else if (const auto cell = column.cell(*rows[0]); cell != kNothing) {
      common += text(common.empty() ? "" : ", ", column.title, " ", shown(cell));
    }
  }
  out << (out.tellp() > 0 ? "\n" : "") << title << '\n';
  if (!common.empty()) out << "all rows: " << common << '\n';
  std::vector<std::vector<std::string>> lines(1);
  for (const auto& column : drawn) lines.front().push_back(column.title);
  for (const auto* row : rows) {
    auto& line = lines.emplace_back();
    for (const auto& column : drawn) line.push_back(shown(column.cell(*row)));
  }
  write_lines(out, lines);
}

enum class Table { programs, controlled, deployed };

Table table_of(const Comparison& row) {
  if (row.of_programs()) return Table::programs;
  return row.deployed ? Table::deployed : Table::controlled;
}

std::string title_of(Table table, const Family& family) {
  if (table == Table::programs) {
    return text("Programs: time per ", family.operation, ", the second ÷ the first (above 1: the first is faster)");
  }
  if (table == Table::deployed) {
    return "As deployed: the fastest process case ÷ the fastest thread case (processes|threads where they differ)";
  }
  return text("Controlled: time per ", family.operation,
              ", processes ÷ threads over the same channel (above 1: threads are faster)");
}

}  // namespace

std::string table_of(const std::vector<Comparison>& rows, const Rules& rules) {
  std::ostringstream out;
  for (const auto kind : {Table::programs, Table::controlled, Table::deployed}) {
    for (const auto& family : FamilyCatalog::instance().all()) {
      Rows of_family;
      for (const auto& row : rows) {
        if (table_of(row) == kind && row.b.family == family.name) of_family.push_back(&row);
      }
      if (!of_family.empty()) write_table(out, title_of(kind, family), of_family, rules);
    }
  }
  return out.str();
}

}  // namespace mpmt::benchmarks
