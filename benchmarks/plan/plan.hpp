// From what was asked for to a list of cases, and to groups that are measured together.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "benchmarks/case/pairing.hpp"
#include "benchmarks/case/planning.hpp"
#include "benchmarks/plan/options.hpp"

namespace mpmt::benchmarks {

/// Contenders that are alive at once, and whose blocks take turns: indices into Plan::cases.
struct Group {
  std::string name;
  std::vector<std::size_t> members;
  std::vector<Row> rows;  ///< what is to be decided between members
};

struct Plan {
  std::vector<Program> programs;
  std::vector<PlannedCase> cases;
  std::vector<Group> groups;              ///< every case is a member of one at least
  std::optional<int> rounds;              ///< of every group; none: until all rows are decided, or the budget is spent
  std::optional<int> laps;                ///< of every round; none: as the scatter of laps and rounds asks for
  std::chrono::nanoseconds block_time{};  ///< of a group's slowest case: what it is to take
  std::chrono::nanoseconds short_block_time{};  ///< the same where that holds many tasks
  double budget_s = 0;
  std::uint64_t seed = 0;
  std::vector<std::string> notes;  ///< what was left out, and why; one line each

  std::size_t rows() const;
  const Program& program_of(const Case& measured) const;
  /// The members of each PlannedCase::group, and those that share a number of tasks per block. They point into the
  /// plan, so that a temporary has none.
  std::map<std::string, std::vector<const Case*>> comparable() const&;
  std::map<std::string, std::vector<const Case*>> comparable() const&& = delete;
  std::map<std::string, std::vector<const Case*>> size_groups() const&;
  std::map<std::string, std::vector<const Case*>> size_groups() const&& = delete;
};

/// Asks the family for its cases. Throws UsageError for what cannot be measured, and an option that means nothing with
/// this family. A plan may have no case, when the filter matches none. `step` is called again and again meanwhile: a
/// plan can be long, and what it throws ends the planning.
///
/// Each program is asked for its cases. A grain that is given as a time is calibrated with the first program that has
/// the workload, and is the same for all. Cases of programs that have none in common are groups of their own.
Plan make_plan(
    const RunOptions& options, std::vector<Program> programs, int usable_cpus, std::uint64_t seed,
    const CalibrateGrain& calibrate, const std::function<void()>& step = [] {});

/// What the tasks per block of cases that share a group must be a multiple of, so that whole messages are dealt evenly
/// among any member's workers.
std::uint64_t divides_of(const std::vector<const Case*>& group);

/// Whether the channel takes the messages of a block of `tasks`; what `split` makes of a batch is known only then.
bool channel_carries(const Case& measured, std::uint64_t tasks);

/// More contenders than that are not alive at once.
inline constexpr std::size_t kMostMembers = 8;

/// Groups in which the members of every row are together, none larger than kMostMembers; what all rows of a
/// PlannedCase::group are compared with besides (serial) is in each of its groups. `step` as above.
std::vector<Group> groups_of(
    const std::vector<PlannedCase>& cases, const std::function<void()>& step = [] {});

}  // namespace mpmt::benchmarks
