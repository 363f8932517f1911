// From what was asked for to a list of cases, and to groups that are measured together.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "benchmarks/case/pairing.hpp"
#include "benchmarks/plan/options.hpp"
#include "benchmarks/plan/profile.hpp"

namespace mpmt::benchmarks {

struct PlannedCase {
  Case measured;
  std::string group;  ///< cases that share it have equal workload and parameters
  std::string
      block;  ///< cases that share it have equally many tasks per block; a group of pools, a channel of exchanges
};

/// Contenders that are alive at once, and whose blocks take turns: indices into Plan::cases.
struct Group {
  std::string name;
  std::vector<std::size_t> members;
  std::vector<Pair> rows;  ///< what is to be decided between members
};

struct Plan {
  std::vector<PlannedCase> cases;
  std::vector<Group> groups;               ///< every case is a member of one at least
  std::optional<int> rounds;               ///< of every group; none: until all rows are decided, or the budget is spent
  std::optional<int> laps;                 ///< of every round; none: as the scatter of laps and rounds asks for
  std::chrono::nanoseconds block{};        ///< of a group's slowest case: what it is to take
  std::chrono::nanoseconds short_block{};  ///< the same where that holds many tasks
  double budget_s = 0;
  std::uint64_t seed = 0;
  std::vector<std::string> notes;  ///< what was left out, and why; one line each

  std::size_t rows() const;
  /// The members of each PlannedCase::group, and those that share a number of tasks per block. They point into the
  /// plan, so that a temporary has none.
  std::map<std::string, std::vector<const Case*>> comparable() const&;
  std::map<std::string, std::vector<const Case*>> comparable() const&& = delete;
  std::map<std::string, std::vector<const Case*>> blocks() const&;
  std::map<std::string, std::vector<const Case*>> blocks() const&& = delete;
};

/// Turns `--grain 100us` into an integer: for `serial`, a case that is complete but for its grain.
using CalibrateGrain = std::function<std::uint64_t(const Case& serial, const TimeWish& wish)>;

/// Throws UsageError for what cannot be measured: unknown names, an executor that cannot use a channel, a payload
/// beyond the channel's limit. A plan may have no case, when the filter matches none.
/// `step` is called again and again meanwhile: a plan can be long, and what it throws ends the planning.
Plan make_plan(
    const RunOptions& options, const Profile& profile, std::uint64_t seed, const CalibrateGrain& calibrate,
    const std::function<void()>& step = [] {});

/// The cases of the family `channel`: channels, and the floors beside them. Adds to `notes` what is left out. Throws
/// UsageError, and calls `step`, as above.
std::vector<PlannedCase> plan_exchanges(const RunOptions& options, const ExchangeProfile& profile,
                                        std::vector<std::string>& notes, const std::function<void()>& step);

/// What was asked for without repetitions, or the profile's choice.
template <class Value>
std::vector<Value> chosen(const std::vector<Value>& asked, const std::vector<Value>& otherwise) {
  std::vector<Value> values;
  for (const auto& value : asked.empty() ? otherwise : asked) {
    if (std::find(values.begin(), values.end(), value) == values.end()) values.push_back(value);
  }
  return values;
}

/// Whether a list of names asks for all that fits.
bool asks_for_all(const std::vector<std::string>& names);

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
