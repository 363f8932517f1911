// The verdict tables as text.
#include <algorithm>
#include <cmath>
#include <functional>
#include <iomanip>
#include <map>
#include <sstream>

#include "base/shown.hpp"
#include "base/text.hpp"
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

struct Column {
  std::string title;
  std::function<std::string(const Comparison&)> cell;
  bool always = false;  ///< else only when its cells differ: equal ones are said once, above the table
};

/// "2" where both sides agree, "2|1" (processes|threads) where the deployed table's sides differ.
template <class Value>
std::string both(const Value& processes, const Value& threads) {
  return processes == threads ? text(processes) : text(processes, "|", threads);
}

std::string batch_text(std::uint64_t batch) {
  return batch == 0 ? "split" : std::to_string(batch);
}

std::vector<Column> pool_columns() {
  using Row = const Comparison&;
  return {{"workload", [](Row r) { return r.processes.workload; }, true},
          {"workers", [](Row r) { return both(r.processes.workers, r.threads.workers); }, true},
          {"grain", [](Row r) { return text(r.processes.grain); }},
          {"a task takes", [](Row r) { return text_of(r.task); }},
          {"payload", [](Row r) { return text(r.processes.payload_bytes); }},
          {"batch", [](Row r) { return both(batch_text(r.processes.batch), batch_text(r.threads.batch)); }}};
}

std::string futex_text(const Case& measured) {
  return measured.exchange.futex ? std::string(text_of(*measured.exchange.futex)) : "-";
}

std::vector<Column> exchange_columns() {
  using Row = const Comparison&;
  return {{"pattern", [](Row r) { return std::string(text_of(r.processes.exchange.pattern)); }, true},
          {"bytes", [](Row r) { return text(r.processes.exchange.message_bytes); }, true},
          {"touched", [](Row r) { return std::string(r.processes.exchange.touched ? "yes" : "no"); }},
          {"rate", [](Row r) { return text(r.processes.exchange.rate); }},
          {"futex", [](Row r) { return both(futex_text(r.processes), futex_text(r.threads)); }}};
}

std::string interval_text(const Comparison& row) {
  const auto& finding = row.finding;
  return finding.rounds == 0 ? "-" : fixed(finding.low, 3) + " - " + fixed(finding.high, 3);
}

std::vector<Column> columns(bool exchanges, bool deployed, const Rules& rules) {
  using Row = const Comparison&;
  std::vector<Column> list = exchanges ? exchange_columns() : pool_columns();
  const std::vector<Column> of_both{
      {"window", [](Row r) { return both(r.processes.window, r.threads.window); }},
      {"placement", [](Row r) { return both(text_of(r.processes.placement), text_of(r.threads.placement)); }},
      {"wait", [](Row r) { return both(text_of(r.processes.wait), text_of(r.threads.wait)); }},
      {"channel", [](Row r) { return both(r.processes.channel, r.threads.channel); }, deployed || exchanges},
      {"rounds", [](Row r) { return text(r.rounds); }, true},
      {"ratio", [](Row r) { return r.finding.rounds == 0 ? "-" : fixed(r.finding.ratio, 3); }, true},
      {fixed(100 * rules.confidence, 0) + " % interval", interval_text, true},
      {"verdict", [&rules](Row r) { return in_words(r, rules); }, true}};
  list.insert(list.end(), of_both.begin(), of_both.end());
  return list;
}

bool uniform(const Column& column, const std::vector<const Comparison*>& rows) {
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

void write_table(std::ostringstream& out, const std::string& title, const std::vector<const Comparison*>& rows,
                 bool deployed, const Rules& rules) {
  if (rows.empty()) return;
  std::string common;
  std::vector<Column> drawn;
  for (auto& column : columns(rows.front()->processes.is_exchange(), deployed, rules)) {
    if (column.always || !uniform(column, rows)) {
      drawn.push_back(std::move(column));
    } else {
      common += text(common.empty() ? "" : ", ", column.title, " ", shown(column.cell(*rows[0])));
    }
  }
  out << title << '\n';
  if (!common.empty()) out << "all rows: " << common << '\n';
  std::vector<std::vector<std::string>> lines(1);
  for (const auto& column : drawn) lines.front().push_back(column.title);
  for (const auto* row : rows) {
    auto& line = lines.emplace_back();
    for (const auto& column : drawn) line.push_back(shown(column.cell(*row)));
  }
  write_lines(out, lines);
}

/// What tells a row from the others of its workload or pattern: "2 workers", "64 bytes, one CPU", ...
std::string details_of(const Comparison& row, const std::vector<const Comparison*>& rows) {
  std::string details;
  const bool exchange = row.processes.is_exchange();
  auto list = exchange ? exchange_columns() : pool_columns();
  const auto more = columns(exchange, row.deployed, Rules());
  for (const auto& column : more) {
    const bool of_case =
        column.title == "window" || column.title == "placement" || column.title == "wait" || column.title == "channel";
    if (of_case) list.push_back(column);
  }
  for (const auto& column : list) {
    if (column.title == "workload" || column.title == "a task takes" || column.title == "pattern") continue;
    if (column.title != "workers" && uniform(column, rows)) continue;
    const auto cell = column.cell(row);
    details += text(details.empty() ? "" : ", ", column.title, " ", cell);
  }
  return details;
}

std::string subject_of(const Comparison& row) {
  return row.processes.is_exchange() ? std::string(text_of(row.processes.exchange.pattern)) : row.processes.workload;
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
  std::vector<const Comparison*> controlled;
  for (const auto& row : rows) {
    if (!row.deployed) controlled.push_back(&row);
  }
  if (controlled.empty()) return {};
  std::map<std::string, std::vector<const Comparison*>> by_subject;
  for (const auto* row : controlled) by_subject[subject_of(*row)].push_back(row);
  std::vector<const Comparison*> winners;
  std::vector<const Comparison*> open;
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
  std::vector<const Comparison*> controlled;
  std::vector<const Comparison*> deployed;
  for (const auto& row : rows) (row.deployed ? deployed : controlled).push_back(&row);
  std::ostringstream out;
  const bool exchanges = !rows.empty() && rows.front().processes.is_exchange();
  write_table(out,
              text("Controlled: time per ", exchanges ? "operation" : "task",
                   ", processes ÷ threads over the same channel (above 1: threads are faster)"),
              controlled, false, rules);
  if (!controlled.empty() && !deployed.empty()) out << '\n';
  write_table(out,
              "As deployed: the fastest process case ÷ the fastest thread case (processes|threads where they differ)",
              deployed, true, rules);
  return out.str();
}

}  // namespace mpmt::benchmarks
