#include <algorithm>
#include <iterator>
#include <set>

#include "base/text.hpp"
#include "benchmarks/plan/plan.hpp"

namespace mpmt::benchmarks {
namespace {

/// In the order in which their groups first come.
std::vector<std::pair<std::string, std::vector<std::size_t>>> indices_by_group(const std::vector<PlannedCase>& cases) {
  std::vector<std::pair<std::string, std::vector<std::size_t>>> groups;
  std::map<std::string, std::size_t> places;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const auto place = places.try_emplace(cases[i].group, groups.size()).first->second;
    if (place == groups.size()) groups.push_back({cases[i].group, {}});
    groups[place].second.push_back(i);
  }
  return groups;
}

/// Cuts the cases of one PlannedCase::group into groups.
class GroupMaker {
 public:
  GroupMaker(std::string name, const std::vector<std::size_t>& indices, std::vector<std::size_t> shared)
      : name_(std::move(name)), indices_(indices), shared_(std::move(shared)), members_(shared_) {}

  void add(const Row& row) {
    make_room_for({row.a, row.b});
    rows_.push_back({indices_[row.a], indices_[row.b]});
  }
  void add(std::size_t member) { make_room_for({member}); }

  void finish(std::vector<Group>& into) {
    close();
    into.insert(into.end(), made_.begin(), made_.end());
  }

 private:
  void make_room_for(const std::vector<std::size_t>& wanted) {
    const auto is_new = [&](std::size_t member) {
      return std::find(members_.begin(), members_.end(), member) == members_.end();
    };
    const auto count = static_cast<std::size_t>(std::count_if(wanted.begin(), wanted.end(), is_new));
    if (members_.size() + count > kMostMembers) close();
    std::copy_if(wanted.begin(), wanted.end(), std::back_inserter(members_), is_new);
  }

  void close() {
    if (members_.size() > shared_.size() || made_.empty()) {
      auto& group = made_.emplace_back();
      group.name = made_.size() == 1 ? name_ : text(name_, "/part:", made_.size());
      for (const auto member : members_) group.members.push_back(indices_[member]);
      group.rows = std::move(rows_);
    }
    members_ = shared_;
    rows_.clear();
  }

  std::string name_;
  const std::vector<std::size_t>& indices_;
  std::vector<std::size_t> shared_;  ///< here and below: places in `indices`
  std::vector<std::size_t> members_;
  std::vector<Row> rows_;  ///< these in the plan
  std::vector<Group> made_;
};

}  // namespace

std::vector<Group> groups_of(const std::vector<PlannedCase>& cases, const std::function<void()>& step) {
  std::vector<Case> all;
  for (const auto& planned : cases) all.push_back(planned.measured);
  const SharedCases shared_cases(all);
  std::vector<Group> groups;
  for (const auto& [name, indices] : indices_by_group(cases)) {
    step();
    std::vector<Case> members;
    for (const auto index : indices) members.push_back(cases[index].measured);
    std::set<std::size_t> paired;
    std::vector<std::size_t> shared;
    const auto rows = controlled_rows(members, shared_cases);
    for (const auto& row : rows) paired.insert({row.a, row.b});
    std::vector<std::size_t> alone;
    for (std::size_t i = 0; i < members.size(); ++i) {
      if (paired.count(i) == 0) (members[i].is_serial() ? shared : alone).push_back(i);
    }
    GroupMaker maker(name, indices, shared);
    for (const auto& row : rows) maker.add(row);
    for (const auto member : alone) maker.add(member);
    maker.finish(groups);
  }
  return groups;
}

}  // namespace mpmt::benchmarks
