// Which group has its next round, and who takes part in it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <vector>

#include "benchmarks/judge/sequence.hpp"
#include "benchmarks/judge/verdict.hpp"
#include "benchmarks/plan/plan.hpp"
#include "benchmarks/record/entry.hpp"
#include "benchmarks/run/sizing.hpp"

namespace mpmt::benchmarks {

/// A round that is to be made.
struct Deal {
  std::size_t group = 0;  ///< index into Plan::groups, then the dealer's own
  std::string name;       ///< of the group
  int round = 0;          ///< of this group, from 0
  int stage = 1;          ///< of the run: see Measured
  std::vector<std::size_t> members;
  int laps = 0;
  bool warm_up = true;  ///< there is a lap before them that does not count
};

/// What a round took.
struct Cost {
  double beside_s = 0;  ///< starting, warming up and ending
  double laps_s = 0;
  int laps = 0;  ///< all that were made

  double lap_s() const;
};

/// First each group has as many rounds as a first look at its rows needs, groups in an order drawn anew each time. By
/// these the deployed contenders are chosen; those that are no row yet become a group of two, kDeployedGroup in its
/// name. Then rounds go to the rows that are still open, to groups first in which a second will decide most rows that
/// can be decided in the time left; where none can, most rows; until all are decided, or the budget is spent. A row
/// whose sides fail more often than not is given up, and one with placement `free` has no more than its first part. A
/// contender all of whose rows are decided takes no further part; nor does, after the first round, one that has no row,
/// where laps are long. With Plan::rounds each group has so many rounds, no
/// fewer and no more.
///
/// Laps: `laps` in the first part (of long ones least_laps()), or most_laps() of what its rounds have cost; then as
/// many as make the best use of time for the scatter that was found (laps_for).
class Dealer {
 public:
  /// The plan outlives the dealer. Rules::rows as Plan::rows(). `lap_s`: what a lap of each group is expected to take;
  /// empty: little.
  Dealer(const Plan& plan, const Rules& rules, int laps, std::vector<double> lap_s = {});

  /// Nothing when there is nothing to be done any more. `spent_s`: of measuring, pilots included, so far.
  std::optional<Deal> next(double spent_s);
  /// What came of it, in the order of its members.
  void take(const Deal& deal, const std::vector<Measured>& measured, const Cost& cost);

  /// All rows of the plan as they stand, in the order of its groups; not those of deployed contenders.
  std::vector<Comparison> rows() const;
  std::size_t decided() const;
  /// Members that take no part in further rounds, or none as things stand; each once.
  std::vector<std::size_t> done();

 private:
  struct RowState {
    Row cases;
    bool decidable = true;  ///< not where luck chooses the CPU
    Sequence sequence;
    std::vector<double> lap_scatters;  ///< of each round: standard deviation of its laps' log ratios
    std::vector<double> logs;          ///< of each round
    std::size_t missed = 0;            ///< rounds in which a side failed, or was disturbed

    bool open() const;
    double rounds_to_decide(const Rules& rules) const;
  };
  struct GroupState {
    Group group;
    int rounds = 0;
    std::vector<RowState> rows;
    std::vector<Cost> costs;
  };

  /// Rows that a second of a group's rounds decides. Compared by what will be done in time, then by all.
  struct Promise {
    double in_time = 0;
    double at_all = 0;

    bool exceeds(const Promise& other) const;
  };

  bool first_part(std::size_t group) const;
  bool open(std::size_t group) const;
  std::optional<Deal> deal(std::size_t group);
  void add(Group group);
  void add_deployed();
  Promise promise(std::size_t group, double left_s) const;
  std::vector<std::size_t> members(std::size_t group) const;
  int laps(std::size_t group) const;
  int first_laps(std::size_t group) const;
  bool is_long(std::size_t group) const;

  const Plan& plan_;
  const Rules rules_;
  const int laps_;
  const std::vector<double> lap_s_;
  std::mt19937_64 random_;
  std::vector<GroupState> groups_;
  std::vector<std::size_t> queue_;                    ///< groups whose turn it is in the first part
  std::map<std::size_t, std::vector<double>> costs_;  ///< of contenders, by which deployed ones are chosen
  bool chosen_ = false;                               ///< that has been done
  std::vector<std::size_t> done_;
  std::map<std::size_t, bool> is_done_;
};

}  // namespace mpmt::benchmarks
