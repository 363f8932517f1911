// How many tasks a block has, and how long a run takes: pure functions of what pilots measured.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "benchmarks/plan/plan.hpp"
#include "benchmarks/run/laps.hpp"

namespace mpmt::benchmarks {

/// What a block has at most.
inline constexpr std::uint64_t kMostTasks = std::uint64_t{1} << 32;

/// What a pilot has told of a case.
struct Figure {
  double ns_per_task = 0;   ///< 0: the pilot failed
  double beside_s = 0;      ///< what its trial took beside the timed blocks: start, warm-up, end
  std::uint64_t tasks = 0;  ///< of the block that told
  double clock_ns = 0;      ///< what a task takes by the clock, where more than ns_per_task: set-up that is not timed
  double block_s = 0;       ///< the same of a block, whatever its tasks: the start of a process

  /// By the clock, in seconds.
  double block_of(std::uint64_t tasks) const;
};

/// By Case::name().
using Figures = std::map<std::string, Figure>;

/// Those of cases that are to have equally many tasks per block which are piloted: of each executor, channel, and
/// whatever else tells them apart, the one with the fewest workers and the one with the most. Which of them is the
/// slowest is measured, not assumed. In the order of the members: of equal cases the first program's is first.
std::vector<const Case*> to_be_piloted(const std::vector<const Case*>& members);

/// The figure of a case, piloted or not: between the fewest and the most workers, a power of their number.
Figure figure_of(const Figures& figures, const std::vector<const Case*>& members, const Case& measured);

/// What a block of the slowest of these is to take: Plan::short_block_time where that holds at least 16 tasks and four
/// times as many as are in flight, so that ramp-up and drain stay small beside it; else Plan::block_time. A quarter of
/// what a block takes whatever its tasks, where that is more.
std::chrono::nanoseconds block_of(const Plan& plan, const Figures& figures, const std::vector<const Case*>& members);

/// Tasks with which a block of the slowest takes `block`, or of an open loop at its rate; a multiple of divides_of().
std::uint64_t tasks_for(const Figures& figures, const std::vector<const Case*>& members,
                        std::chrono::nanoseconds block);

/// With how many tasks of this length a grain is timed: as many as a run's block has, or nearly so, since their
/// variants differ.
std::uint64_t tasks_to_calibrate(double ns_per_task);

/// The next multiple of `step` that is `wanted` or more.
std::uint64_t round_up(double wanted, std::uint64_t step);

/// How long a run takes, in seconds.
struct Expectation {
  double first_part_s = 0;         ///< until each group has had its first look, or all rounds that were asked for
  double most_s = 0;               ///< with all that the budget allows
  int laps = 0;                    ///< of a round, until what is measured says how many are best
  std::vector<double> lap_s = {};  ///< of each group
};

/// What the rounds of a plan take, without pilots and probes; with fewer laps, but kLeastLaps, where the first part
/// would take more than 0.4 of the budget otherwise. `tasks`: by PlannedCase::size_group.
Expectation expected_seconds(const Plan& plan, const Figures& figures,
                             const std::map<std::string, std::uint64_t>& tasks);

/// The same before anything is piloted, and with the pilots: a guess, as if every block took its full length.
Expectation guessed_seconds(const Plan& plan);

/// What is run before each timed block so that caches, clock and whoever waits are as in the midst of one: a fifth of
/// the block, two messages a worker at least (docs/methodology.md has the measurements).
///
/// Nothing where blocks are run by fresh processes (Family::fresh_blocks), or take long by this figure.
std::uint64_t settle_tasks(const Case& measured, std::uint64_t tasks, const Figure& figure);

/// What is known of a case without a pilot: of a long task that takes a given time.
std::optional<Figure> figure_without_pilot(const Case& measured, const Offer& offer);

/// The tasks with which to pilot next when a block of `tasks` took `wall`: enough for `aim`, but at most 64 times as
/// many, since a small block says little of a large one.
std::uint64_t next_pilot(std::uint64_t tasks, std::chrono::nanoseconds wall, std::chrono::nanoseconds aim);

/// For how long an answer of a trial is waited for: then its blocks take more than ten times their intended length.
double cut_after_s(const Figure& figure, std::uint64_t tasks, std::chrono::nanoseconds block);

}  // namespace mpmt::benchmarks
