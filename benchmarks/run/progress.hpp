// What a person sees while a run lasts.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "benchmarks/judge/task_times.hpp"
#include "benchmarks/plan/plan.hpp"
#include "benchmarks/run/contenders.hpp"
#include "benchmarks/run/dealer.hpp"
#include "benchmarks/run/measurement.hpp"

namespace mpmt::benchmarks {

/// On standard output one line a row, when it is decided, and one line a case, when it takes no further part. On
/// standard error, if that is a terminal that can, one line that is rewritten between rounds and never during one.
class Progress {
 public:
  /// `quiet`: standard output belongs to something else. Plan and rules outlive it.
  Progress(const Plan& plan, const Rules& rules, bool quiet);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// On the rewritten line.
  void say(const std::string& line);
  /// What a user has to know, on standard error for good.
  void tell(const std::string& line);
  void starting(const Deal& deal, const Dealer& dealer);
  void finished(const Performed& performed);
  /// Says what has been decided since the last call, and which cases are done with it.
  void decided(Dealer& dealer);
  /// Says the cases of which nothing has been said yet: the run is over.
  void rest();

  std::size_t rounds() const { return rounds_; }
  std::size_t busy() const { return busy_; }  ///< rounds in which others used the CPUs
  /// By how much others used the CPUs in all rounds together, in words; empty when that is little or not known. Short
  /// rounds cannot show it one by one: ticks invent as much.
  std::string others() const { return load_ ? load_->disturbance() : ""; }
  /// What each contender takes, where they are few.
  std::string contenders() const { return contenders_.text(); }
  std::size_t disturbed() const { return disturbed_; }  ///< contenders' rounds that are of no use
  std::size_t failed() const {
    return failed_;
  }  ///< those with a wrong checksum, a dead worker, a time-out or an error

 private:
  struct Series {
    std::vector<double> costs;            ///< of rounds
    std::map<std::string, int> troubles;  ///< how often
    std::string error;                    ///< the first
    int rounds = 0;
  };

  void say_case(std::size_t planned);
  std::string line_of(const Case& measured, const Series& series) const;
  void print(const std::string& line);
  void clear_line();

  const Plan& plan_;
  const Rules& rules_;
  const bool quiet_;
  const bool rewrites_;
  std::optional<Clock::time_point> start_;  ///< of the first round
  Contenders contenders_;
  std::set<std::string> noted_;  ///< what trials had to say
  std::size_t rounds_ = 0;
  std::size_t busy_ = 0;
  std::optional<Load> load_;  ///< of all rounds
  std::size_t disturbed_ = 0;
  std::size_t failed_ = 0;
  std::size_t cases_said_ = 0;
  std::size_t rows_said_ = 0;
  std::vector<bool> said_;  ///< by row
  std::map<std::size_t, Series> series_;
  TaskTimes task_times_;
};

}  // namespace mpmt::benchmarks
