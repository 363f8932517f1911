// A pool of workers behind links, whatever the workers are.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "executors/dispatcher.hpp"
#include "executors/placement.hpp"

namespace mpmt::executors {

/// Thrown by a factory when workers did not come up; carries what is known.
struct StartFailed : std::runtime_error {
  explicit StartFailed(const Outcome& outcome) : std::runtime_error(outcome.error), status(outcome.status) {}
  Status status;
};

using Links = std::vector<std::unique_ptr<ipc::Link>>;

class LinkedPool final : public Executor {
 public:
  /// What a crew is made of; a new kind of worker is a function of this type.
  struct Parts {
    workloads::Fixture& fixture;
    const Config& config;
    Scoreboard& scoreboard;
    Links& links;
  };
  using StartCrew = std::function<std::unique_ptr<Crew>(const Parts&)>;

  /// Tells all workers to leave, when a start fails half-way: nothing has been asked of them yet.
  static void dismiss(const Parts& parts);

  /// Throws StartFailed, or what the channel's connect() throws.
  LinkedPool(workloads::Fixture& fixture, const Config& config, ipc::Sides sides, const StartCrew& start_crew,
             Deadline deadline);
  ~LinkedPool() override;

  Outcome run(const Request& request, Deadline deadline) override;
  bool shutdown(Deadline deadline) override;
  std::vector<WorkerFacts> workers() const override;

 private:
  const Config config_;
  const PinnedHere pinned_;
  Scoreboard scoreboard_;
  Links links_;
  std::unique_ptr<Crew> crew_;
  std::optional<Dispatcher> dispatcher_;
  bool broken_ = false;
};

}  // namespace mpmt::executors
