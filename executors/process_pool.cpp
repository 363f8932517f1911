// process_pool: the workers are processes forked from the submitter.
#include <vector>

#include "base/child_process.hpp"
#include "base/text.hpp"
#include "executors/child_notice.hpp"
#include "executors/linked_pool.hpp"
#include "executors/worker.hpp"

namespace mpmt::executors {
namespace {

class ProcessCrew final : public Crew {
 public:
  explicit ProcessCrew(const LinkedPool::Parts& parts) : notice_(parts.scoreboard.doorbell()) {
    for (int worker = 0; worker < parts.config.workers; ++worker) {
      children_.push_back(std::make_unique<ChildProcess>(text("worker ", worker),
                                                         [&] { live(parts, static_cast<std::size_t>(worker)); }));
    }
  }

  std::optional<Casualty> casualty() override {
    if (!notice_.news()) return std::nullopt;
    for (std::size_t worker = 0; worker < children_.size(); ++worker) {
      if (const auto end = children_[worker]->try_reap()) {
        return Casualty{static_cast<int>(worker), children_[worker]->pid(), end->describe()};
      }
    }
    return std::nullopt;  // some other child: a workload's server
  }

  bool has_ended(int worker) override { return children_[static_cast<std::size_t>(worker)]->try_reap().has_value(); }

  bool join(Deadline deadline) override {
    bool all = true;
    for (auto& child : children_) all &= child->reap(deadline).has_value();
    return all;
  }

 private:
  /// In the child, whose copy of everything here is its own.
  static void live(const LinkedPool::Parts& parts, std::size_t worker) {
    for (std::size_t other = 0; other < parts.links.size(); ++other) {
      if (other != worker) parts.links[other].reset();
    }
    ipc::Link& link = *parts.links[worker];
    link.keep(ipc::Side::worker);
    work({static_cast<int>(worker), link.end(ipc::Side::worker), parts.scoreboard, parts.fixture, parts.config});
  }

  ChildNotice notice_;
  std::vector<std::unique_ptr<ChildProcess>> children_;
};

std::unique_ptr<Crew> start_crew(const LinkedPool::Parts& parts) {
  auto crew = std::make_unique<ProcessCrew>(parts);
  // After all forks: a child must find both sides of its own link.
  for (auto& link : parts.links) link->keep(ipc::Side::submitter);
  return crew;
}

std::unique_ptr<Executor> start(workloads::Fixture& fixture, const Config& config, Deadline deadline) {
  return std::make_unique<LinkedPool>(fixture, config, ipc::Sides::processes, start_crew, deadline);
}

const Registration registered{{
    .name = "process_pool",
    .summary = "forked processes, one link each; they die with the submitter",
    .uses_channel = true,
    .sides = ipc::Sides::processes,
    .submitter_helps = false,
    .start = start,
}};

}  // namespace
}  // namespace mpmt::executors
