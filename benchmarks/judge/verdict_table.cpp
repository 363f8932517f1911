// The verdict tables as text.
#include <algorithm>
#include <cmath>
#include <functional>
#include <iomanip>
#include <map>
#include <sstream>

#include "base/shown.hpp"
#include "base/text.hpp"
#include "benchmarks/case/family.hpp"
#include "benchmarks/case/names.hpp"
#include "benchmarks/judge/verdict.hpp"

namespace mpmt::benchmarks {
namespace {

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

/// What a cell says that has nothing to say.
constexpr auto kNothing = "-";

/// A column of a table: of a family (Column), or of all of them.
struct Printed {
  std::string title;
  std::function<std::string(const Comparison&)> cell;
  bool always = false;  ///< else only when its cells differ: equal ones are said once, above the table
};

using Rows = std::vector<const Comparison*>;

std::string interval_text(const Comparison& row) {
  const auto& finding = row.finding;
  return finding.rounds == 0 ? kNothing : fixed(finding.low, 3) + " - " + fixed(finding.high, 3);
}

/// What tells which cases a row compares. The first column says what they are about.
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

std::vector<Printed> columns_of_result(const Rules& rules) {
  return {
      {"a task takes", [](const Comparison& r) { return text_of(r.task); }},
      {"rounds", [](const Comparison& r) { return text(r.rounds); }, true},
      {"ratio", [](const Comparison& r) { return r.finding.rounds == 0 ? kNothing : fixed(r.finding.ratio, 3); }, true},
      {fixed(100 * rules.confidence, 0) + " % interval", interval_text, true},
      {"verdict", [&rules](const Comparison& r) { return in_words(r, rules); }, true}};
}

bool uniform(const Printed& column, const Rows& rows) {
  return std::all_of(rows.begin(), rows.end(),
                     [&](const auto* row) { return column.cell(*row) == column.cell(*rows[0]); });
}

/// Width on a terminal of UTF-8 text without combining or wide characters.
std::size_t width(const std::string& cell) {
  return static_cast<std::size_t>(std::count_if(cell.begin(), cell.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

void write_lines(std::ostringstream& out, const std::vector<std::vector<std::string>>& lines) {
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

/// `rows`: of one family.
void write_table(std::ostringstream& out, const std::string& title, const Rows& rows, const Rules& rules) {
  auto columns = columns_of_case(family_of(rows.front()->processes));
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

/// What its family says that a row is about: "prime_count", "ping_pong", ...
std::string subject_of(const Comparison& row) {
  return family_of(row.processes).columns.front().cell(row.processes, row.threads);
}

/// What tells a row from the others of its subject: "workers 2", "bytes 64, placement same", ...
std::string details_of(const Comparison& row, const Rows& rows) {
  std::string details;
  bool is_subject = true;
  for (const auto& column : columns_of_case(family_of(row.processes))) {
    const bool told = std::exchange(is_subject, false) || (!column.always && uniform(column, rows));
    if (const auto cell = column.cell(row); !told && cell != kNothing) {
      details += text(details.empty() ? "" : ", ", column.title, " ", cell);
    }
  }
  return details;
}

double size_of(const Comparison& row) {
  return std::abs(std::log(row.finding.ratio));
}

/// "threads 0.4 % faster" where that is shown although it is within the margin; else nothing.
std::string tendency_of(const Finding& finding) {
  if (finding.low > 1) return "threads " + fixed(100 * (finding.ratio - 1), 1) + " % faster";
  if (finding.high < 1) return "processes " + fixed(100 * (1 / finding.ratio - 1), 1) + " % faster";
  return {};
}

}  // namespace

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
  return text("undecided: a difference of ", percent_text(row.finding.detectable), " would have been seen");
}

std::string answer_of(const std::vector<Comparison>& rows, const Rules& rules) {
  Rows controlled;
  for (const auto& row : rows) {
    if (!row.deployed) controlled.push_back(&row);
  }
  if (controlled.empty()) return {};
  std::map<std::string, Rows> by_subject;
  for (const auto* row : controlled) by_subject[subject_of(*row)].push_back(row);
  Rows winners;
  Rows open;
  for (const auto* row : controlled) {
    if (row->verdict == Verdict::threads || row->verdict == Verdict::processes) winners.push_back(row);
    if (!is_decided(*row)) open.push_back(row);
  }
  std::stable_sort(open.begin(), open.end(), [](const auto* a, const auto* b) {
    return std::pair(subject_of(*a), a->processes.workers) < std::pair(subject_of(*b), b->processes.workers);
  });
  std::stable_sort(winners.begin(), winners.end(),
                   [](const auto* a, const auto* b) { return size_of(*a) > size_of(*b); });

  std::vector<std::vector<std::string>> lines;
  const auto add = [&](const Comparison& row) {
    lines.push_back({shown(subject_of(row)), shown(details_of(row, by_subject[subject_of(row)])),
                     shown(in_words(row, rules)), "[" + interval_text(row) + "]"});
  };
  std::ostringstream out;
  out << text(controlled.size() - open.size(), " of ", controlled.size(),
              " rows are decided: time of processes ÷ time of threads, all else equal\n");
  for (const auto* row : winners) add(*row);
  for (const auto& [subject, of_subject] : by_subject) {
    std::vector<std::string> same;
    for (const auto* row : of_subject) {
      if (row->verdict == Verdict::same) same.push_back(details_of(*row, of_subject));
    }
    if (same.empty()) continue;
    std::string list;
    for (const auto& details : same) list += text(list.empty() ? "" : "; ", details);
    lines.push_back({shown(subject), shown(list), text("same within ", percent_of_margin(rules)), ""});
  }
  for (const auto* row : open) add(*row);
  write_lines(out, lines);
  return out.str();
}

std::string table_of(const std::vector<Comparison>& rows, const Rules& rules) {
  std::ostringstream out;
  for (const bool deployed : {false, true}) {
    for (const auto& family : FamilyCatalog::instance().all()) {
      Rows of_family;
      for (const auto& row : rows) {
        if (row.deployed == deployed && row.processes.family == family.name) of_family.push_back(&row);
      }
      if (of_family.empty()) continue;
      const auto title =
          deployed ? "As deployed: the fastest process case ÷ the fastest thread case (processes|threads where they "
                     "differ)"
                   : text("Controlled: time per ", family.operation,
                          ", processes ÷ threads over the same channel (above 1: threads are faster)");
      write_table(out, title, of_family, rules);
    }
  }
  return out.str();
}

}  // namespace mpmt::benchmarks
