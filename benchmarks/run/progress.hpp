// What a person sees while a run lasts.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "benchmarks/record/entry.hpp"
#include "benchmarks/plan/plan.hpp"
#include "benchmarks/judge/task_times.hpp"

namespace mpmt::benchmarks {

/// On standard output one line a case, when its last round is in. On standard error, if that is a terminal that
/// can, one line that is rewritten between trials and never during one.
class Progress {
 public:
  /// `quiet`: standard output belongs to something else.
  Progress(const Plan& plan, bool quiet);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// On the rewritten line.
  void say(const std::string& line);
  /// What a user has to know, on standard error for good.
  void tell(const std::string& line);
  void starting(const Turn& turn);
  void finished(const Measured& measured);

  std::size_t disturbed() const { return disturbed_; }  ///< trials during which somebody else used the CPUs
  std::size_t failed() const {
    return failed_;
  }  ///< trials with a wrong checksum, a dead worker, a time-out or an error

 private:
  struct Series {
    int rounds = 0;
    std::vector<double> per_task;         ///< of ok trials
    std::vector<double> disturbed;        ///< the same of disturbed ones
    std::map<std::string, int> troubles;  ///< status: how often
    std::string error;                    ///< the first
  };

  std::string line_of(const Case& measured, const Series& series) const;
  void clear_line();

  const Plan& plan_;
  const bool quiet_;
  const bool rewrites_;
  std::optional<Clock::time_point> start_;  ///< of the first trial
  std::size_t done_ = 0;
  std::size_t cases_done_ = 0;
  std::size_t disturbed_ = 0;
  std::size_t failed_ = 0;
  std::map<std::size_t, Series> series_;
  TaskTimes task_times_;
};

}  // namespace mpmt::benchmarks
