// The submitter's side of a pool: deals batches to workers, takes completions, waits for either, notices deaths.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/cache_line.hpp"
#include "executors/crew.hpp"
#include "executors/shared_clock.hpp"
#include "executors/wire.hpp"

namespace mpmt::executors {

/// The one loop that all pools share. Used by the submitter's thread. Everything given outlives it.
///
/// Batches are dealt one to each worker in turn while their windows have room, so that a worker that is done earlier
/// gets the next; a link is first in, first out, so the oldest batch in flight is the one that a reply answers.
class Dispatcher {
 public:
  Dispatcher(const std::vector<std::unique_ptr<ipc::Link>>& links, Scoreboard& scoreboard, workloads::Fixture& fixture,
             const Config& config, Crew& crew);

  /// Waits until every worker has opened its session.
  Outcome await_hello(Deadline deadline) { return await_answers(deadline); }

  Outcome run(const Request& request, Deadline deadline);

  /// Tells every worker to leave, as far as its link takes the message before the deadline.
  void tell_to_stop(Deadline deadline);

 private:
  struct Flight {
    workloads::TaskRange tasks;
    Clock::time_point dispatched;
  };
  struct alignas(kPadding) Lane {
    ipc::End* end = nullptr;
    Slot* slot = nullptr;
    std::span<std::byte> request_payload;
    PaddedVector<Flight> flights;  ///< a ring, as long as the window
    std::size_t oldest = 0;
    std::size_t in_flight = 0;

    /// Where in `flights` the batch is that was dealt `batches` (at most a window) after the oldest.
    std::size_t after_oldest(std::size_t batches) const {
      const auto place = oldest + batches;
      return place < flights.size() ? place : place - flights.size();
    }

    bool answered = false;  ///< the control request under way
    bool refused = false;   ///< took no message although there must be room: its lock is held
  };
  /// A block under way.
  struct Pass {
    const Request& request;
    Deadline deadline;
    Clock::time_point latest{};  ///< the clock when it was last read
    SharedClock clock{};         ///< of the messages dealt in this turn
    std::uint64_t next = 0;      ///< first task not yet dealt
    std::uint64_t done = 0;
    Block block{};
    std::optional<Outcome> failure{};
  };

  bool turn(Pass& pass);
  bool deal(Pass& pass);
  bool give(Pass& pass, Lane& lane);
  bool collect(Pass& pass);
  void take(Pass& pass, Lane& lane, const ipc::Message& reply);

  Outcome ask_all(RequestKind request, Deadline deadline);
  Outcome await_answers(Deadline deadline);
  bool hear(Lane& lane, std::optional<Outcome>& failure);
  Outcome usage_of_workers(RequestKind request, Usage& total, Deadline deadline);

  std::optional<Outcome> casualty();
  Outcome late();
  Outcome failed(const Lane& lane, const ipc::Message& reply);
  std::string worker_of(const Lane& lane) const;

  Scoreboard& scoreboard_;
  workloads::Fixture& fixture_;
  const Config& config_;
  Crew& crew_;
  PaddedVector<Lane> lanes_;
  std::vector<Bell*> bells_;  ///< of all workers, in the order in which they are rung
};

}  // namespace mpmt::executors
