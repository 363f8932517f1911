// threads_own_files: a pool of threads, each with a descriptor table of its own.
//
// Threads of a process share one table of open files, and the kernel locks it when they open, duplicate or close.
// Processes do not share it. This pool gives up that one thing, by unshare(CLONE_FILES), and keeps the address space:
// beside thread_pool and process_pool it tells how much of a difference is the table's.
//
// What a worker opens, no other worker can use, nor the submitter. Sessions open what they need in their worker.
#include <sched.h>

#include <cerrno>
#include <cstdlib>
#include <thread>
#include <vector>

#include "base/checked.hpp"
#include "executors/linked_pool.hpp"
#include "executors/worker.hpp"

namespace mpmt::executors {
namespace {

/// Asked once, by a thread that ends: whether this process may do it. Where it may, it does not fail later, short of
/// memory.
void check_unshare() {
  int reason = 0;
  std::thread([&] { reason = ::unshare(CLONE_FILES) == 0 ? 0 : errno; }).join();
  if (reason != 0) throw_system_error(reason, "unshare", "CLONE_FILES");
}

class OwnFilesCrew final : public Crew {
 public:
  explicit OwnFilesCrew(const LinkedPool::Parts& parts) : scoreboard_(parts.scoreboard) {
    check_unshare();
    try {
      for (int worker = 0; worker < parts.config.workers; ++worker) {
        ipc::End& end = parts.links[static_cast<std::size_t>(worker)]->end(ipc::Side::worker);
        threads_.emplace_back([side = WorkerSide{worker, end, parts.scoreboard, parts.fixture, parts.config}] {
          if (::unshare(CLONE_FILES) != 0) std::abort();  // a worker that is not what it says would be measured
          work(side);
        });
      }
    } catch (...) {  // no more threads: those that are there leave
      LinkedPool::dismiss(parts);
      for (auto& thread : threads_) thread.join();
      throw;
    }
  }

  ~OwnFilesCrew() override {
    for (auto& thread : threads_) thread.join();
  }

  // A thread does not die without its process.
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
      [](const LinkedPool::Parts& parts) { return std::make_unique<OwnFilesCrew>(parts); }, deadline);
}

const Registration registered{{
    .name = "threads_own_files",
    .summary = "std::threads of one process, one link and one descriptor table each",
    .uses_channel = true,
    .sides = ipc::Sides::threads,
    .submitter_helps = false,
    .start = start,
}};

}  // namespace
}  // namespace mpmt::executors
