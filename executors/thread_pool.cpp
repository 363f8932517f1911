// thread_pool: the workers are std::threads of the submitter's process.
#include <system_error>
#include <thread>
#include <vector>

#include "base/checked.hpp"
#include "base/text.hpp"
#include "executors/linked_pool.hpp"
#include "executors/worker.hpp"

namespace mpmt::executors {
namespace {

class ThreadCrew final : public Crew {
 public:
  explicit ThreadCrew(const LinkedPool::Parts& parts) : scoreboard_(parts.scoreboard) {
    threads_.reserve(static_cast<std::size_t>(parts.config.workers));
    try {
      for (int worker = 0; worker < parts.config.workers; ++worker) {
        ipc::End& end = parts.links[static_cast<std::size_t>(worker)]->end(ipc::Side::worker);
        threads_.emplace_back(
            [side = WorkerSide{worker, end, parts.scoreboard, parts.fixture, parts.config}] { work(side); });
      }
    } catch (const std::system_error& failure) {
      LinkedPool::dismiss(parts);
      for (auto& thread : threads_) thread.join();
      throw_system_error(failure.code().value(), "std::thread",
                         text("worker ", threads_.size(), " of ", parts.config.workers));
    }
  }

  // A thread cannot be killed: one that does not leave keeps its pool waiting here. Who must not wait ends the process.
  ~ThreadCrew() override {
    for (auto& thread : threads_) thread.join();
  }

  std::optional<Casualty> casualty() override { return std::nullopt; }

  bool join(Deadline deadline) override {
    return wait_until(scoreboard_.doorbell(), Wait::yield, deadline, [&] {
      for (int worker = 0; worker < scoreboard_.workers(); ++worker) {
        if (!scoreboard_.slot(worker).left.load(std::memory_order_acquire)) return false;
      }
      return true;
    });
  }

 private:
  Scoreboard& scoreboard_;
  std::vector<std::thread> threads_;
};

std::unique_ptr<Executor> start(workloads::Fixture& fixture, const Config& config, Deadline deadline) {
  return std::make_unique<LinkedPool>(
      fixture, config, ipc::Sides::threads,
      [](const LinkedPool::Parts& parts) { return std::make_unique<ThreadCrew>(parts); }, deadline);
}

const Registration registered{{
    .name = "thread_pool",
    .summary = "std::threads of one process, one link each",
    .uses_channel = true,
    .sides = ipc::Sides::threads,
    .submitter_helps = false,
    .start = start,
}};

}  // namespace
}  // namespace mpmt::executors
