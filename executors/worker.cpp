#include "executors/worker.hpp"

#include <sched.h>
#include <sys/single_threaded.h>
#include <unistd.h>

#include <algorithm>
#include <exception>
#include <memory>
#include <string>

#include "base/cpus.hpp"
#include "executors/placement.hpp"

namespace mpmt::executors {
namespace {

constexpr Deadline kNever = Deadline::max();

class Worker {
 public:
  explicit Worker(const WorkerSide& side)
      : side_(side), slot_(side.scoreboard.slot(side.id)), doorbell_(side.scoreboard.doorbell()) {}

  void live() {
    if (!open()) return;
    bool stopped = false;
    const auto any = [&] { return drain(stopped); };
    while (!stopped) {
      if (resting_) {
        park_until(slot_.bell, any);
      } else {
        wait_until(slot_.bell, side_.config.wait, kNever, any);
      }
    }
  }

 private:
  bool open() {
    slot_.pid = ::getpid();
    slot_.tid = ::gettid();
    try {
      if (const auto cpu = cpu_of_worker(side_.config, side_.id)) pin_to(*cpu);
      session_ = side_.fixture.open(side_.id);
    } catch (const std::exception& failure) {
      fail(0, failure.what());
      announce();
      return false;
    }
    slot_.libc_single_threaded = __libc_single_threaded != 0;
    reply({ReplyKind::hello});
    announce();
    return true;
  }

  /// Answers all requests there are; whether there was any. Replies are announced together, as far as the submitter's
  /// patience goes.
  bool drain(bool& stopped) {
    bool any = false;
    std::uint32_t unannounced = 0;
    while (!stopped) {
      const auto message = side_.end.try_receive();
      if (!message) break;
      any = true;
      stopped = !answer(*message);
      if (++unannounced >= side_.scoreboard.patience().load(std::memory_order_relaxed)) {
        announce();
        unannounced = 0;
      }
    }
    if (unannounced > 0) announce();
    return any;
  }

  /// False when told to stop.
  bool answer(const ipc::Message& message) {
    const auto request = head_of<RequestHead>(message);
    resting_ = request.kind == RequestKind::rest;
    switch (request.kind) {
      case RequestKind::run:
        run({request.first, request.count}, message.payload);
        return true;
      case RequestKind::report:
      case RequestKind::rest:
        slot_.usage = thread_usage();
        reply({ReplyKind::reported});
        return true;
      case RequestKind::stop:
        break;
    }
    return false;
  }

  void run(workloads::TaskRange tasks, std::span<const std::byte> in) {
    slot_.batch_first.store(tasks.first, std::memory_order_relaxed);
    slot_.batch_count.store(tasks.count, std::memory_order_relaxed);
    slot_.saw_cpu(::sched_getcpu());
    try {
      const auto out = in.empty() ? std::span<std::byte>() : side_.end.lend(in.size());
      const std::uint64_t sum = session_->run(tasks, in, out);
      reply({ReplyKind::done, 0, sum}, out);
    } catch (const workloads::TaskError& failure) {
      fail(failure.first_failing_task, failure.what());
    } catch (const std::exception& failure) {
      fail(tasks.first, failure.what());
    }
    slot_.tasks_done.store(slot_.tasks_done.load(std::memory_order_relaxed) + tasks.count, std::memory_order_relaxed);
    slot_.batch_count.store(0, std::memory_order_relaxed);
  }

  void fail(std::uint64_t task, std::string_view what) {
    const auto shortened = what.substr(0, kMaxErrorText);
    const auto text = side_.end.lend(shortened.size());
    std::ranges::copy(std::as_bytes(std::span(shortened)), text.begin());  // may be empty
    reply({ReplyKind::failed, 0, task}, text);
  }

  // The submitter never has more in flight than the reply side holds: a full channel is a lock held elsewhere, for a
  // while.
  void reply(const ReplyHead& head, std::span<const std::byte> payload = {}) {
    while (!side_.end.try_send({bytes_of(head), payload})) yield_cpu();
  }

  void announce() { doorbell_.ring(); }

  const WorkerSide& side_;
  Slot& slot_;
  Bell& doorbell_;
  std::unique_ptr<workloads::Session> session_;
  bool resting_ = true;
};

}  // namespace

void work(const WorkerSide& side) noexcept {
  Worker(side).live();
  side.scoreboard.slot(side.id).left.store(true, std::memory_order_release);
  side.scoreboard.doorbell().ring();
}

}  // namespace mpmt::executors
