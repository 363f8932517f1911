// What a reader wants first.
#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <sstream>
#include <utility>

#include "base/shown.hpp"
#include "base/text.hpp"
#include "benchmarks/judge/row_text.hpp"
#include "benchmarks/judge/statistics.hpp"

namespace mpmt::benchmarks {
namespace {

/// What its family says that a row is about: "prime_count", "ping_pong", ...
std::string subject_of(const Comparison& row) {
  return family_of(row.b).columns.front().cell(row.b, row.a);
}

/// What tells a row from the others of its subject: "workers 2", "bytes 64, placement same", ...
std::string details_of(const Comparison& row, const Rows& rows) {
  std::string details;
  bool is_subject = true;
  for (const auto& column : columns_of_case(family_of(row.b))) {
    const bool told = std::exchange(is_subject, false) || (!column.always && uniform(column, rows));
    if (const auto cell = column.cell(row); !told && cell != kNothing) {
      details += text(details.empty() ? "" : ", ", column.title, " ", cell);
    }
  }
  return details;
}

std::string winner_of(const Comparison& row) {
  return row.verdict == Verdict::a_faster ? row.names().a : row.names().b;
}

double size_of(const Comparison& row) {
  return std::abs(std::log(row.finding.ratio));
}

/// What is divided by what, in all rows.
std::string ratio_of(const Rows& rows) {
  const auto names = rows.front()->names();
  const bool alike = std::all_of(rows.begin(), rows.end(), [&](const auto* row) {
    return row->names().a == names.a && row->names().b == names.b;
  });
  if (alike) return mpmt::text("time of ", names.b, " ÷ time of ", names.a);
  return "time of the second ÷ time of the first (processes ÷ threads where it is one program)";
}

/// Rows of a part of the answer that are told one by one; more are told by what they are about.
constexpr std::size_t kMostLines = 24;
/// Of rows of one subject that are the same: in so many characters.
constexpr std::size_t kMostNamed = 100;

/// The short answer: winners, what is the same, what is open, what cannot be had.
class Answer {
 public:
  Answer(const Rows& controlled, const Rules& rules) : rules_(rules), ratio_(ratio_of(controlled)) {
    for (const auto* row : controlled) {
      auto& subject = subjects_[subject_of(*row)];
      if (row->unsupported) {
        subject.unsupported.push_back(row);
        continue;
      }
      subject.all.push_back(row);
      (row->has_winner()               ? subject.winners
       : row->verdict == Verdict::same ? subject.same
                                       : subject.open)
          .push_back(row);
    }
  }

  std::string text() {
    auto winners = of_all(&Subject::winners);
    std::stable_sort(winners.begin(), winners.end(),
                     [](const auto* a, const auto* b) { return size_of(*a) > size_of(*b); });
    auto open = of_all(&Subject::open);
    std::stable_sort(open.begin(), open.end(), [](const auto* a, const auto* b) {
      return std::pair(subject_of(*a), a->b.workers) < std::pair(subject_of(*b), b->b.workers);
    });
    for (const auto* row : winners.size() <= kMostLines ? winners : Rows()) tell(*row);
    for (const auto& [name, subject] : subjects_) {
      if (winners.size() > kMostLines) fold_winners(name, subject);
    }
    const auto has_same = [](const auto& one) { return !one.second.same.empty(); };
    const auto same = static_cast<std::size_t>(std::count_if(subjects_.begin(), subjects_.end(), has_same));
    for (const auto& [name, subject] : subjects_) {
      if (same <= kMostLines) fold_same(name, subject);
    }
    if (same > kMostLines) {
      const auto all_same = of_all(&Subject::same).size();
      add(mpmt::text(same, " of ", subjects_.size()), mpmt::text(all_same, " rows"),
          mpmt::text("same within ", percent_of_margin(rules_)), "");
    }
    for (const auto* row : open.size() <= kMostLines ? open : Rows()) tell(*row);
    for (const auto& [name, subject] : subjects_) {
      if (open.size() > kMostLines) fold_open(name, subject);
    }
    for (const auto& [name, subject] : subjects_) fold_unsupported(name, subject);
    const auto all = of_all(&Subject::all).size();
    std::ostringstream out;
    out << all - open.size() << " of " << all << " rows are decided: " << ratio_ << ", all else equal\n";
    write_lines(out, lines_);
    return out.str();
  }

 private:
  struct Subject {
    Rows all;
    Rows winners;
    Rows same;
    Rows open;
    Rows unsupported;  ///< not in `all`
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
    std::map<std::string, Rows> won;
    for (const auto* row : subject.winners) won[winner_of(*row)].push_back(row);
    for (const auto& [winner, rows] : won) {
      if (rows.size() == 1) {
        tell(*rows.front());
        continue;
      }
      const auto [least, most] = std::minmax_element(
          rows.begin(), rows.end(), [](const auto* a, const auto* b) { return size_of(*a) < size_of(*b); });
      const auto from = factor(std::exp(size_of(**least)));
      const auto to = factor(std::exp(size_of(**most)));
      add(name, share_of(rows, subject), mpmt::text(winner, " ", from, from == to ? "" : " to " + to, " faster"), "");
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
      } else if (row->b.placement == executors::Placement::free) {
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

  void fold_unsupported(const std::string& name, const Subject& subject) {
    std::map<std::string, std::size_t> reasons;
    for (const auto* row : subject.unsupported) ++reasons[row->reason];
    for (const auto& [reason, count] : reasons) add(name, mpmt::text(count, count == 1 ? " row" : " rows"), reason, "");
  }

  const Rules& rules_;
  const std::string ratio_;
  std::map<std::string, Subject> subjects_;
  std::vector<std::vector<std::string>> lines_;
};

}  // namespace

std::string answer_of(const std::vector<Comparison>& rows, const Rules& rules) {
  Rows controlled;
  for (const auto& row : rows) {
    if (!row.deployed) controlled.push_back(&row);
  }
  return controlled.empty() ? "" : Answer(controlled, rules).text();
}

}  // namespace mpmt::benchmarks
