// How many tasks a block has, and how long a run takes: pure functions of what pilots measured.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "benchmarks/plan/plan.hpp"

namespace mpmt::benchmarks {

/// What a block has at most.
inline constexpr std::uint64_t kMostTasks = std::uint64_t{1} << 32;

/// What a pilot has told of a case.
struct Figure {
  double ns_per_task = 0;  ///< 0: the pilot failed
  double beside_s = 0;     ///< what its trial took beside the timed block: start, warm-up, end
};

/// By Case::name().
using Figures = std::map<std::string, Figure>;

/// Those of cases that are to have equally many tasks per block which are piloted: of each executor, channel, and
/// whatever else tells them apart, the one with the fewest workers and the one with the most. Which of them is the
/// slowest is measured, not assumed.
std::vector<const Case*> to_be_piloted(const std::vector<const Case*>& members);

/// The figure of a case, piloted or not: between the fewest and the most workers, a power of their number.
Figure figure_of(const Figures& figures, const std::vector<const Case*>& members, const Case& measured);

/// Tasks with which a block of the slowest takes `block`, or of an open loop at its rate; a multiple of divides_of().
std::uint64_t tasks_for(const Figures& figures, const std::vector<const Case*>& members,
                        std::chrono::nanoseconds block);

/// With how many tasks of this length a grain is timed: as many as a run's block has, or nearly so, since their
/// variants differ.
std::uint64_t tasks_to_calibrate(double ns_per_task);

/// The next multiple of `step` that is `wanted` or more.
std::uint64_t round_up(double wanted, std::uint64_t step);

/// What a trial of `iterations` blocks takes, in seconds.
double trial_seconds(const Figure& figure, std::uint64_t tasks, int iterations);

/// What all trials of a plan take, in seconds. `tasks`: by PlannedCase::block.
double expected_seconds(const Plan& plan, const Figures& figures, const std::map<std::string, std::uint64_t>& tasks);

/// The same before anything is piloted, and with the pilots: a guess, as if every block took the profile's length.
double guessed_seconds(const Plan& plan);

/// The tasks with which to pilot next when a block of `tasks` took `wall`: enough for `aim`, but at most 64 times as
/// many, since a small block says little of a large one.
std::uint64_t next_pilot(std::uint64_t tasks, std::chrono::nanoseconds wall, std::chrono::nanoseconds aim);

/// When a trial is cut short, since its blocks take more than ten times their intended length: seconds from its start.
double cut_after_s(const Figure& figure, std::uint64_t tasks, std::chrono::nanoseconds block, int iterations);

}  // namespace mpmt::benchmarks
