// The verdict tables as text.
#include <algorithm>
#include <cmath>
#include <functional>
#include <iomanip>
#include <iterator>
#include <map>
#include <sstream>
#include <utility>

#include "base/shown.hpp"
#include "base/text.hpp"
#include "benchmarks/case/family.hpp"
#include "benchmarks/case/names.hpp"
#include "benchmarks/judge/statistics.hpp"
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

/// Rows of a part of the answer that are told one by one; more are told by what they are about.
constexpr std::size_t kMostLines = 24;
/// Of rows of one subject that are the same: in so many characters.
constexpr std::size_t kMostNamed = 60;

/// The short answer: winners, what is the same, what is open.
class Answer {
 public:
  Answer(const Rows& controlled, const Rules& rules) : rules_(rules), all_(controlled) {
    for (const auto* row : all_) {
      auto& subject = subjects_[subject_of(*row)];
      subject.all.push_back(row);
      const bool wins = row->verdict == Verdict::threads || row->verdict == Verdict::processes;
      (wins ? subject.winners : row->verdict == Verdict::same ? subject.same : subject.open).push_back(row);
    }
  }

  std::string text() {
    auto winners = of_all(&Subject::winners);
    std::stable_sort(winners.begin(), winners.end(),
                     [](const auto* a, const auto* b) { return size_of(*a) > size_of(*b); });
    auto open = of_all(&Subject::open);
    std::stable_sort(open.begin(), open.end(), [](const auto* a, const auto* b) {
      return std::pair(subject_of(*a), a->processes.workers) < std::pair(subject_of(*b), b->processes.workers);
    });
    for (const auto* row : winners.size() <= kMostLines ? winners : Rows()) tell(*row);
    for (const auto& [name, subject] : subjects_) {
      if (winners.size() > kMostLines) fold_winners(name, subject);
    }
    for (const auto& [name, subject] : subjects_) fold_same(name, subject);
    for (const auto* row : open.size() <= kMostLines ? open : Rows()) tell(*row);
    for (const auto& [name, subject] : subjects_) {
      if (open.size() > kMostLines) fold_open(name, subject);
    }
    std::ostringstream out;
    out << all_.size() - open.size() << " of " << all_.size()
        << " rows are decided: time of processes ÷ time of threads, all else equal\n";
    write_lines(out, lines_);
    return out.str();
  }

 private:
  struct Subject {
    Rows all;
    Rows winners;
    Rows same;
    Rows open;
  };

  Rows of_all(Rows Subject::*part) const {
    Rows rows;
    for (const auto& [name, subject] : subjects_) {
      rows.insert(rows.end(), (subject.*part).begin(), (subject.*part).end());
    }
    return rows;
  }

  void add(const std::string& name, const std::string& which, const std::string& words, const std::string& interval) {
    lines_.push_back({shown(name), shown(which), shown(words), interval});
  }

  void tell(const Comparison& row) {
    const auto name = subject_of(row);
    add(name, details_of(row, subjects_.at(name).all), in_words(row, rules_), "[" + interval_text(row) + "]");
  }

  static std::string share_of(const Rows& part, const Subject& subject) {
    return mpmt::text(part.size(), " of ", subject.all.size(), " rows");
  }

  void fold_winners(const std::string& name, const Subject& subject) {
    for (const auto verdict : {Verdict::threads, Verdict::processes}) {
      Rows rows;
      std::copy_if(subject.winners.begin(), subject.winners.end(), std::back_inserter(rows),
                   [&](const auto* row) { return row->verdict == verdict; });
      if (rows.empty()) continue;
      const auto [least, most] = std::minmax_element(
          rows.begin(), rows.end(), [](const auto* a, const auto* b) { return size_of(*a) < size_of(*b); });
      const auto from = factor(std::exp(size_of(**least)));
      const auto to = factor(std::exp(size_of(**most)));
      add(name, share_of(rows, subject),
          mpmt::text(text_of(verdict), " ", from, from == to ? "" : " to " + to, " faster"), "");
    }
  }

  void fold_same(const std::string& name, const Subject& subject) {
    if (subject.same.empty()) return;
    std::string which;
    for (const auto* row : subject.same) which += (which.empty() ? "" : "; ") + details_of(*row, subject.all);
    if (which.size() > kMostNamed) which = share_of(subject.same, subject);
    add(name, which, mpmt::text("same within ", percent_of_margin(rules_)), "");
  }

  void fold_open(const std::string& name, const Subject& subject) {
    if (subject.open.empty()) return;
    std::size_t unstable = 0;
    std::size_t candidates = 0;
    std::size_t not_pinned = 0;
    std::size_t without = 0;
    std::vector<double> detectable;
    for (const auto* row : subject.open) {
      if (row->finding.rounds == 0) {
        ++without;
      } else if (row->verdict == Verdict::unstable) {
        ++unstable;
      } else if (row->processes.placement == executors::Placement::free) {
        ++not_pinned;
      } else if (row->finding.more.confirming > 0) {
        ++candidates;
      } else {
        detectable.push_back(row->finding.detectable);
      }
    }
    std::string words;
    const auto say = [&](std::size_t count, const std::string& what) {
      if (count > 0) words += mpmt::text(words.empty() ? "" : ", ", count, " ", what);
    };
    say(candidates, "shown and not yet confirmed");
    if (!detectable.empty()) {
      say(detectable.size(), "would have shown " + percent_text(median(detectable)) + " (median)");
    }
    say(unstable, "unstable");
    say(not_pinned, "not pinned");
    say(without, "without a result");
    add(name, share_of(subject.open, subject), "open: " + words, "");
  }

  const Rules& rules_;
  const Rows all_;
  std::map<std::string, Subject> subjects_;
  std::vector<std::vector<std::string>> lines_;
};

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
  return controlled.empty() ? "" : Answer(controlled, rules).text();
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
