// A row while its rounds come in.
#pragma once

#include <vector>

#include "benchmarks/judge/judge.hpp"

namespace mpmt::benchmarks {

/// Takes rounds one after the other, in the order in which they were made, and gives each to what the rule asks for
/// next: the rounds, or the series that confirms a candidate. So whoever has a row's rounds in their order, from a run
/// or from its record, gets the same finding.
class Sequence {
 public:
  explicit Sequence(const Rules& rules) : rules_(rules), finding_(judge({}, {}, rules)) {}

  /// log_ratio_of() a round. Ignored when there is nothing to be found any more.
  void add(double log_ratio) {
    if (!open()) return;
    (finding_.more.confirming > 0 ? confirming_ : rounds_).push_back(log_ratio);
    finding_ = judge(rounds_, confirming_, rules_);
  }

  const Finding& finding() const { return finding_; }
  /// Whether more rounds are wanted.
  bool open() const { return finding_.more.rounds > 0 || finding_.more.confirming > 0; }
  /// How many it has taken.
  std::size_t rounds() const { return rounds_.size() + confirming_.size(); }

 private:
  Rules rules_;
  std::vector<double> rounds_;
  std::vector<double> confirming_;
  Finding finding_;
};

}  // namespace mpmt::benchmarks
