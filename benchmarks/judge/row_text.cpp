#include "benchmarks/judge/row_text.hpp"

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <ostream>
#include <sstream>

#include "base/text.hpp"
#include "benchmarks/case/names.hpp"

namespace mpmt::benchmarks {
namespace {

/// Width on a terminal of UTF-8 text without combining or wide characters.
std::size_t width(const std::string& cell) {
  return static_cast<std::size_t>(std::count_if(cell.begin(), cell.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

/// "threads 0.4 % faster" where that is shown although it is within the margin; else nothing.
std::string tendency_of(const Comparison& row) {
  const auto& finding = row.finding;
  if (finding.low > 1) return text(row.names().a, " ", fixed(100 * (finding.ratio - 1), 1), " % faster");
  if (finding.high < 1) return text(row.names().b, " ", fixed(100 * (1 / finding.ratio - 1), 1), " % faster");
  return {};
}

std::string window_text(const Case& c) {
  return c.facts.has_window ? text(c.window) : kNothing;
}

/// Of a row of programs "new ÷ old"; else the program whose threads and processes are compared.
std::string program_text(const Comparison& row) {
  if (row.of_programs()) return text(row.b.program, " ÷ ", row.a.program);
  return row.a.program.empty() ? kNothing : row.a.program;
}

}  // namespace

std::string fixed(double value, int digits) {
  std::ostringstream out;
  out << std::fixed << std::setprecision(digits) << value;
  return out.str();
}

std::string percent_text(double share) {
  return fixed(100 * share, share < 0.1 ? 1 : 0) + " %";
}

std::string percent_of_margin(const Rules& rules) {
  std::ostringstream out;
  out << 100 * rules.margin << " %";
  return out.str();
}

std::string factor(double ratio) {
  return fixed(ratio, ratio < 10 ? 2 : 0) + "x";
}

std::string interval_text(const Comparison& row) {
  const auto& finding = row.finding;
  return finding.rounds == 0 ? kNothing : fixed(finding.low, 3) + " - " + fixed(finding.high, 3);
}

std::vector<Printed> columns_of_case(const Family& family) {
  std::vector<Printed> list;
  for (const auto& column : family.columns) {
    list.push_back(
        {std::string(column.title), [&column](const Comparison& r) { return column.cell(r.b, r.a); }, column.always});
  }
  list.push_back({"program", program_text});
  if (family.starts_programs) return list;
  const std::vector<Printed> of_all{
      {"window", [](const Comparison& r) { return both(window_text(r.b), window_text(r.a)); }},
      {"placement",
       [](const Comparison& r) { return both(text(text_of(r.b.placement)), text(text_of(r.a.placement))); }},
      {"wait", [](const Comparison& r) { return both(text(text_of(r.b.wait)), text(text_of(r.a.wait))); }}};
  list.insert(list.end(), of_all.begin(), of_all.end());
  return list;
}

bool uniform(const Printed& column, const Rows& rows) {
  return std::all_of(rows.begin(), rows.end(),
                     [&](const auto* row) { return column.cell(*row) == column.cell(*rows[0]); });
}

void write_lines(std::ostream& out, const std::vector<std::vector<std::string>>& lines) {
  std::vector<std::size_t> widths(lines.front().size(), 0);
  for (const auto& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], width(line[i]));
  }
  for (const auto& line : lines) {
    std::string text;
    for (std::size_t i = 0; i < line.size(); ++i) {
      text += "  " + line[i] + std::string(widths[i] - width(line[i]), ' ');
    }
    out << text.substr(0, text.find_last_not_of(' ') + 1) << '\n';
  }
}

std::string in_words(const Comparison& row, const Rules& rules) {
  switch (row.verdict) {
    case Verdict::a_faster:
      return text(row.names().a, " ", factor(row.finding.ratio), " faster");
    case Verdict::b_faster:
      return text(row.names().b, " ", factor(1 / row.finding.ratio), " faster");
    case Verdict::same: {
      const auto tendency = tendency_of(row);
      return text("same within ", percent_of_margin(rules), tendency.empty() ? "" : " (" + tendency + ")");
    }
    case Verdict::unstable:
      return "unstable: " + row.reason;
    case Verdict::undecided:
      break;
  }
  const bool says_more = row.finding.rounds == 0 || row.finding.more.confirming > 0 || row.reason != row.finding.reason;
  if (says_more) return "undecided: " + row.reason;
  if (const auto tendency = tendency_of(row); !tendency.empty()) {
    return text("undecided: ", tendency, " so far, not confirmed");
  }
  return text("undecided: a difference of ", percent_text(row.finding.detectable), " would have been seen");
}

}  // namespace mpmt::benchmarks
