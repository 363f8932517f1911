#include "pairs/pair.hpp"

#include <sched.h>
#include <sys/single_threaded.h>
#include <unistd.h>

#include <thread>

#include "base/child_process.hpp"
#include "base/cpus.hpp"
#include "base/shared_region.hpp"
#include "base/text.hpp"
#include "executors/linked_pool.hpp"
#include "executors/placement.hpp"
#include "ipc/ticks.hpp"
#include "pairs/desk.hpp"
#include "pairs/patterns.hpp"

namespace mpmt::pairs {
namespace {

using executors::Outcome;
using executors::Status;

constexpr std::chrono::seconds kLastPatience{2};

/// The other side's life: the same in a thread and in a forked process.
void live(ipc::WaitingEnd& end, const Config& config, Desk& desk, std::optional<int> cpu) noexcept {
  try {
    if (cpu) pin_to(*cpu);
    desk.pid = ::getpid();
    desk.tid = ::gettid();
    desk.cpu = ::sched_getcpu();
    desk.libc_single_threaded = __libc_single_threaded != 0;
    desk.move_to(Desk::State::idle, desk.to_submitter);
    for (;;) {
      ipc::pause_ticks();
      park_until(desk.to_worker, [&] { return desk.leave || desk.is(Desk::State::ordered); });
      if (desk.leave) return;
      ipc::resume_ticks();
      desk.latency.clear();
      const Usage before = thread_usage();
      desk.move_to(Desk::State::ready, desk.to_submitter);
      const Part part = answer(end, config, desk.operations, &desk.latency, desk.deadline);
      desk.usage = thread_usage();
      desk.usage -= before;
      desk.cpu = ::sched_getcpu();
      desk.sum = part.sum;
      desk.finished = part.last;
      desk.move_to(Desk::State::done, desk.to_submitter);
    }
  } catch (const std::exception& failure) {
    desk.fail(failure.what());
  }
}

executors::Config placement_of(const Config& config) {
  executors::Config placed;
  placed.placement = config.placement;
  placed.cpus = config.cpus;
  return placed;
}

ipc::LinkConfig link_of(const Config& config) {
  return {.sides = config.sides,
          .capacity = config.window,
          .max_payload_bytes = config.message_bytes,
          .calls = ipc::Calls::waiting,
          .wait = config.wait,
          .futex = config.futex};
}

class Pair final : public executors::Executor {
 public:
  Pair(const Connect& connect, const Config& config, Deadline deadline)
      : config_(config),
        pinned_(executors::cpu_of_submitter(placement_of(config))),
        region_(sizeof(Desk)),
        desk_(*new (region_.data()) Desk(scope())),
        link_(connect(link_of(config))) {
    start();
    if (wait_for(Desk::State::idle, deadline)) return;
    const auto outcome = trouble("the other side did not start");
    shutdown(Clock::now() + kLastPatience);
    throw executors::StartFailed(outcome);
  }
  ~Pair() override { shutdown(Clock::now() + kLastPatience); }

  Outcome run(const executors::Request& request, Deadline deadline) override {
    if (broken_ || ended_) return {Status::error, "the pair is broken or has ended", {}};
    broken_ = true;
    ipc::resume_ticks();
    desk_.operations = request.tasks;
    desk_.deadline = deadline;
    desk_.move_to(Desk::State::ordered, desk_.to_worker);
    if (!wait_for(Desk::State::ready, deadline)) return trouble("the other side did not take its order");
    const Usage before = thread_usage();
    Part part;
    try {
      part = speak(link_->end(ipc::Side::submitter), config_, request.tasks, request.latency, deadline);
    } catch (const TooLate& late) {
      return trouble(late.what(), Status::timed_out);
    } catch (const ipc::PeerGone& gone) {
      return trouble(gone.what(), Status::worker_died);
    } catch (const std::exception& failure) {
      return trouble(failure.what(), Status::error);
    }
    Usage used = thread_usage();
    used -= before;
    if (!wait_for(Desk::State::done, deadline)) return trouble("the other side did not come to its end");
    broken_ = false;
    // The other side is parked between its orders in any case.
    if (!request.more_follows) ipc::pause_ticks();
    if (request.latency != nullptr) request.latency->merge(desk_.latency);
    return outcome(request, part, used);
  }

  bool shutdown(Deadline deadline) override {
    if (ended_) return true;
    ended_ = true;
    desk_.leave = true;
    desk_.to_worker.ring();
    bool left = true;
    if (process_) left = process_->reap(deadline).has_value();
    process_.reset();
    if (thread_.joinable()) thread_.join();
    return left;
  }

  std::vector<executors::WorkerFacts> workers() const override {
    executors::WorkerFacts here{0, ::getpid(), ::gettid(), __libc_single_threaded != 0, {::sched_getcpu()}};
    executors::WorkerFacts there{1, desk_.pid, desk_.tid, desk_.libc_single_threaded, {desk_.cpu}};
    return {here, there};
  }

 private:
  FutexScope scope() const {
    return config_.sides == ipc::Sides::threads ? FutexScope::one_process : FutexScope::processes;
  }

  void start() {
    const auto cpu = executors::cpu_of_worker(placement_of(config_), 0);
    ipc::WaitingEnd& end = link_->end(ipc::Side::worker);
    if (config_.sides == ipc::Sides::threads) {
      thread_ = std::thread([this, &end, cpu] { live(end, config_, desk_, cpu); });
      return;
    }
    process_ = std::make_unique<ChildProcess>("the other side", [&] {
      link_->keep(ipc::Side::worker);
      live(end, config_, desk_, cpu);
    });
    link_->keep(ipc::Side::submitter);
  }

  /// False when it failed, ended, or the deadline has passed: trouble() says which.
  bool wait_for(Desk::State wanted, Deadline deadline) {
    bool there = false;
    wait_until(desk_.to_submitter, Wait::block, deadline, [&] {
      there = desk_.is(wanted);
      return there || desk_.is(Desk::State::failed) || has_died();
    });
    return there || desk_.is(wanted);
  }

  bool has_died() {
    if (process_ && !end_) end_ = process_->try_reap();
    return end_.has_value();
  }

  Outcome trouble(const std::string& what, Status otherwise = Status::timed_out) {
    // Its own words tell more than what it looks like from here: give it a moment to say them or to be reaped.
    wait_until(desk_.to_submitter, Wait::block, Clock::now() + kLongestSleep,
               [&] { return desk_.is(Desk::State::failed) || has_died(); });
    if (has_died()) {
      return {
          Status::worker_died, text("the other side (pid ", process_->pid(), ") ", end_->describe(), ": ", what), {}};
    }
    if (desk_.is(Desk::State::failed)) {
      return {otherwise == Status::timed_out ? Status::error : otherwise,
              text(what, "; the other side: ", desk_.error.data()),
              {}};
    }
    return {otherwise, what, {}};
  }

  Outcome outcome(const executors::Request& request, const Part& part, const Usage& used) const {
    executors::Block block;
    const bool both_ways = config_.pattern == Pattern::ping_pong;
    block.tasks = request.tasks;
    block.messages = both_ways ? 2 * request.tasks : request.tasks;
    block.wall_ns = Nanoseconds((both_ways ? part.last : desk_.finished) - part.first).count();
    block.sum = part.sum + desk_.sum;
    block.submitter = used;
    block.workers = desk_.usage;
    block.late_ns = part.late.count();
    return {Status::ok, {}, block};
  }

  const Config config_;
  const executors::PinnedHere pinned_;
  SharedRegion region_;
  Desk& desk_;
  std::unique_ptr<ipc::WaitingLink> link_;
  std::unique_ptr<ChildProcess> process_;
  std::optional<ChildEnd> end_;
  std::thread thread_;
  bool broken_ = false;
  bool ended_ = false;
};

void check(const Config& config) {
  if (config.message_bytes == 0 || config.message_bytes % kWordBytes != 0 || config.message_bytes > kMaxMessageBytes) {
    throw std::invalid_argument(text("message_bytes: ", config.message_bytes, "; allowed: multiples of ", kWordBytes,
                                     " up to ", kMaxMessageBytes));
  }
  if (config.pattern == Pattern::open_loop && !(config.rate > 0)) {
    throw std::invalid_argument("rate: an open loop needs one, above 0 messages a second");
  }
  if (config.cpus.empty()) throw std::invalid_argument("cpus: none; at least 1 is needed");
}

}  // namespace

std::unique_ptr<executors::Executor> start_pair(const Connect& connect, const Config& config, Deadline deadline) {
  check(config);
  return std::make_unique<Pair>(connect, config, deadline);
}

}  // namespace mpmt::pairs
