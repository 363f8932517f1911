// serial: the submitter runs the tasks itself. The baseline of every speed-up.
//
// It exists twice, because the C library is faster in a process that never had a second thread (stdio locks, malloc,
// shared_ptr). That difference is the price of having threads at all, and not of scaling.
#include <sched.h>
#include <sys/single_threaded.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <set>
#include <thread>
#include <vector>

#include "base/text.hpp"
#include "executors/limits.hpp"
#include "executors/placement.hpp"

namespace mpmt::executors {
namespace {

/// Payloads in and out, always laid out alike: both begin at a fixed place in a page, half a page apart. Where the heap
/// happens to put them, a store can have the low address bits of a load that follows it and be taken for what it waits
/// for, in all of a trial or in none ("4K aliasing", Intel 64 and IA-32 Architectures Optimization Reference Manual):
/// payload_copy then differs by 20 %.
class Payloads {
 public:
  explicit Payloads(std::size_t bytes) : bytes_(bytes), memory_(2 * pages() + kPage) {
    void* first = memory_.data();
    std::size_t space = memory_.size();
    first_ = static_cast<std::byte*>(std::align(kPage, pages(), first, space));
  }
  Payloads(const Payloads&) = delete;
  Payloads& operator=(const Payloads&) = delete;

  std::span<std::byte> in() const { return {first_, bytes_}; }
  std::span<std::byte> out() const { return {first_ + pages() - kPage / 2, bytes_}; }

 private:
  static constexpr std::size_t kPage = 4096;

  /// Of one of them, and a whole one that keeps it from the other.
  std::size_t pages() const { return (bytes_ + 2 * kPage - 1) / kPage * kPage; }

  std::size_t bytes_;
  std::vector<std::byte> memory_;
  std::byte* first_ = nullptr;
};

class Serial final : public Executor {
 public:
  Serial(workloads::Fixture& fixture, const Config& config)
      : fixture_(fixture),
        config_(config),
        pinned_(cpu_of_worker(config, 0)),
        session_(fixture.open(0)),
        payloads_(config.batch * config.payload_bytes) {
    const auto in = payloads_.in();
    for (std::size_t at = 0; at < in.size(); at += config.payload_bytes) {
      fixture.fill_request(in.subspan(at, config.payload_bytes));
    }
  }

  Outcome run(const Request& request, Deadline deadline) override {
    Block block;
    block.tasks = request.tasks;
    const Usage before = thread_usage();
    const auto start = Clock::now();
    auto now = start;
    for (std::uint64_t next = 0; next < request.tasks;) {
      const workloads::TaskRange tasks{next, std::min(config_.batch, request.tasks - next)};
      if (auto failure = run_batch(tasks, request, block)) return *failure;
      next += tasks.count;
      const auto done = Clock::now();
      if (request.latency != nullptr)
        request.latency->record(static_cast<std::uint64_t>(Nanoseconds(done - now).count()));
      now = done;
      if (now >= deadline && next < request.tasks) {
        return {
            Status::timed_out, text("the deadline passed with tasks ", next, " to ", request.tasks - 1, " to do"), {}};
      }
    }
    block.wall_ns = Nanoseconds(now - start).count();
    block.submitter = thread_usage();
    block.submitter -= before;
    return {Status::ok, {}, block};
  }

  bool shutdown(Deadline) override {
    session_.reset();
    return true;
  }

  std::vector<WorkerFacts> workers() const override {
    return {{0, ::getpid(), ::gettid(), __libc_single_threaded != 0, {cpus_seen_.begin(), cpus_seen_.end()}}};
  }

 private:
  std::optional<Outcome> run_batch(workloads::TaskRange tasks, const Request& request, Block& block) {
    const auto bytes = tasks.count * config_.payload_bytes;
    try {
      block.sum += session_->run(tasks, payloads_.in().first(bytes), payloads_.out().first(bytes));
    } catch (const workloads::TaskError& failure) {
      return Outcome{Status::error, text("task ", failure.first_failing_task, ": ", failure.what()), {}};
    } catch (const std::exception& failure) {
      return Outcome{Status::error, text("task ", tasks.first, ": ", failure.what()), {}};
    }
    ++block.messages;
    if (const int cpu = ::sched_getcpu(); cpu != last_cpu_) cpus_seen_.insert(last_cpu_ = cpu);
    if (!request.check_replies || fixture_.reply_is_right(tasks, payloads_.out().first(bytes))) return std::nullopt;
    return Outcome{Status::wrong_checksum, text("wrong payload for tasks from ", tasks.first), {}};
  }

  workloads::Fixture& fixture_;
  const Config config_;
  const PinnedHere pinned_;
  std::unique_ptr<workloads::Session> session_;
  const Payloads payloads_;
  int last_cpu_ = -1;
  std::set<int> cpus_seen_;
};

std::unique_ptr<Executor> start(workloads::Fixture& fixture, const Config& config, Deadline) {
  check(config);
  return std::make_unique<Serial>(fixture, config);
}

std::unique_ptr<Executor> start_after_a_thread(workloads::Fixture& fixture, const Config& config, Deadline) {
  check(config);
  std::thread([] {}).join();  // the C library never goes back
  return std::make_unique<Serial>(fixture, config);
}

const Registration serial{{
    .name = "serial",
    .summary = "the submitter runs the tasks itself, in a process that never had a second thread",
    .uses_channel = false,
    .submitter_helps = true,
    .start = start,
}};

const Registration serial_threaded_libc{{
    .name = "serial_threaded_libc",
    .summary = "the same in a process that once had a second thread: without the C library's fast paths",
    .uses_channel = false,
    .submitter_helps = true,
    .start = start_after_a_thread,
}};

}  // namespace
}  // namespace mpmt::executors
