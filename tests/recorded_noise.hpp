// Recorded processes in which nothing changed, as rounds of comparisons: data/noise/README.md.
#pragma once

#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "benchmarks/judge/judge.hpp"
#include "benchmarks/judge/statistics.hpp"

namespace mpmt::benchmarks {

inline constexpr double kSessionGap_s = 15;
inline constexpr double kTick_s = 0.01;

struct RecordedProcess {
  double start_s = 0;
  double wall_s = 0;
  double stolen_s = 0;  ///< by the hypervisor
  double median_ns = 0;
};

using Session = std::vector<RecordedProcess>;

inline RecordedProcess process_of(std::istringstream& fields) {
  const auto next = [&](char end) {
    std::string field;
    std::getline(fields, field, end);
    return field;
  };
  RecordedProcess process;
  next(',');  // permille
  process.start_s = std::stod(next(','));
  process.wall_s = std::stod(next(','));
  process.stolen_s = std::stod(next(',')) * kTick_s;
  std::vector<double> repetitions;
  for (double ns = 0; fields >> ns;) repetitions.push_back(ns);
  process.median_ns = median(repetitions);
  return process;
}

/// What was recorded, in order, cut where there is a gap.
inline std::vector<Session> sessions_of(const std::string& noise, const std::string& mode) {
  std::vector<Session> sessions;
  std::ifstream in(MPMT_SOURCE_DIR "/tests/data/noise/" + noise + ".csv");
  for (std::string line; std::getline(in, line);) {
    std::istringstream fields(line);
    std::string kernel;
    std::string its_mode;
    std::getline(fields, kernel, ',');
    std::getline(fields, its_mode, ',');
    if (its_mode != mode) continue;
    const auto process = process_of(fields);
    const bool gap = sessions.empty() || process.start_s - sessions.back().back().start_s > kSessionGap_s;
    if (gap) sessions.emplace_back();
    sessions.back().push_back(process);
  }
  return sessions;
}

/// Rounds of one comparison: endless, from a random place of a session on.
class Neighbours {
 public:
  Neighbours(const std::vector<Session>& sessions, double effect, std::mt19937_64& random)
      : slower_(1 + effect), random_(random) {
    std::vector<std::size_t> sizes;
    for (const auto& session : sessions) sizes.push_back(session.size());
    session_ = &sessions[std::discrete_distribution<std::size_t>(sizes.begin(), sizes.end())(random_)];
    at_ = std::uniform_int_distribution<std::size_t>(0, session_->size() - 1)(random_);
  }

  double next() {
    const double one = (*session_)[at_ % session_->size()].median_ns;
    const double other = (*session_)[(at_ + 1) % session_->size()].median_ns;
    at_ += 2;
    const bool swapped = std::bernoulli_distribution()(random_);
    return log_ratio_of({swapped ? Lap{other, one * slower_} : Lap{one, other * slower_}});
  }

 private:
  double slower_;
  std::mt19937_64& random_;
  const Session* session_ = nullptr;
  std::size_t at_ = 0;
};

}  // namespace mpmt::benchmarks
