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
std::string tendency_of(const Finding& finding) {
  if (finding.low > 1) return "threads " + fixed(100 * (finding.ratio - 1), 1) + " % faster";
  if (finding.high < 1) return "processes " + fixed(100 * (1 / finding.ratio - 1), 1) + " % faster";
  return {};
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
    list.push_back({std::string(column.title),
                    [&column](const Comparison& r) { return column.cell(r.processes, r.threads); }, column.always});
  }
  const std::vector<Printed> of_all{
      {"window", [](const Comparison& r) { return both(text(r.processes.window), text(r.threads.window)); }},
      {"placement",
       [](const Comparison& r) {
         return both(text(text_of(r.processes.placement)), text(text_of(r.threads.placement)));
       }},
      {"wait",
       [](const Comparison& r) { return both(text(text_of(r.processes.wait)), text(text_of(r.threads.wait))); }}};
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
    case Verdict::threads:
      return row.threads.label.empty() ? "threads " + factor(row.finding.ratio) + " faster" : "A faster";
    case Verdict::processes:
      return row.threads.label.empty() ? "processes " + factor(1 / row.finding.ratio) + " faster" : "B faster";
    case Verdict::same: {
      const auto tendency = row.threads.label.empty() ? tendency_of(row.finding) : "";
      return text("same within ", percent_of_margin(rules), tendency.empty() ? "" : " (" + tendency + ")");
    }
    case Verdict::unstable:
      return "unstable: " + row.reason;
    case Verdict::undecided:
      break;
  }
  const bool says_more = row.finding.rounds == 0 || row.finding.more.confirming > 0 || row.reason != row.finding.reason;
  if (says_more) return "undecided: " + row.reason;
  if (const auto tendency = row.threads.label.empty() ? tendency_of(row.finding) : ""; !tendency.empty()) {
    return text("undecided: ", tendency, " so far, not confirmed");
  }
  return text("undecided: a difference of ", percent_text(row.finding.detectable), " would have been seen");
}

}  // namespace mpmt::benchmarks
