// The verdict tables as text.
#include <algorithm>
#include <array>
#include <functional>
#include <iomanip>
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

std::vector<Column> columns(bool exchanges, bool deployed) {
  using Row = const Comparison&;
  std::vector<Column> list = exchanges ? exchange_columns() : pool_columns();
  const std::vector<Column> of_both{
      {"window", [](Row r) { return both(r.processes.window, r.threads.window); }},
      {"placement", [](Row r) { return both(text_of(r.processes.placement), text_of(r.threads.placement)); }},
      {"wait", [](Row r) { return both(text_of(r.processes.wait), text_of(r.threads.wait)); }},
      {"channel", [](Row r) { return both(r.processes.channel, r.threads.channel); }, deployed || exchanges},
      {"ratio", [](Row r) { return r.rounds < 2 ? "-" : fixed(r.ratio, 3); }, true},
      {"95 % interval", [](Row r) { return r.rounds < 2 ? "-" : fixed(r.low, 3) + " - " + fixed(r.high, 3); }, true},
      {"verdict", in_words, true}};
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
                 bool deployed) {
  if (rows.empty()) return;
  std::string common;
  std::vector<Column> drawn;
  for (auto& column : columns(rows.front()->processes.is_exchange(), deployed)) {
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

}  // namespace

std::string in_words(const Comparison& row) {
  const auto because = row.reason.empty() ? "" : ": " + row.reason;
  switch (row.verdict) {
    case Verdict::threads:
      return "threads " + factor(row.ratio) + " faster";
    case Verdict::processes:
      return "processes " + factor(1 / row.ratio) + " faster";
    case Verdict::same:
      return "same within 3 %";
    case Verdict::unstable:
      return "unstable" + because;
    case Verdict::undecided:
      break;
  }
  if (!row.reason.empty()) return "undecided" + because;
  return "undecided: a difference of " + percent_text(row.detectable) + " would have been seen";
}

std::string table_of(const std::vector<Comparison>& rows) {
  std::vector<const Comparison*> controlled;
  std::vector<const Comparison*> deployed;
  for (const auto& row : rows) (row.deployed ? deployed : controlled).push_back(&row);
  std::ostringstream out;
  const bool exchanges = !rows.empty() && rows.front().processes.is_exchange();
  write_table(out,
              text("Controlled: time per ", exchanges ? "operation" : "task",
                   ", processes ÷ threads over the same channel (above 1: threads are faster)"),
              controlled, false);
  if (!controlled.empty() && !deployed.empty()) out << '\n';
  write_table(out,
              "As deployed: the fastest process case ÷ the fastest thread case (processes|threads where they differ)",
              deployed, true);
  return out.str();
}

}  // namespace mpmt::benchmarks
