#include "executors/dispatcher.hpp"

#include <algorithm>
#include <array>
#include <numeric>

#include "base/text.hpp"
#include "executors/placement.hpp"

namespace mpmt::executors {
namespace {

std::string range_text(std::uint64_t first, std::uint64_t count) {
  return count == 1 ? text("task ", first) : text("tasks ", first, " to ", first + count - 1);
}

/// The batch that a worker has, or had, in hand.
std::string in_hand(const Slot& slot) {
  const auto count = slot.batch_count.load(std::memory_order_relaxed);
  if (count == 0) return "no batch in hand";
  return range_text(slot.batch_first.load(std::memory_order_relaxed), count) + " in hand";
}

Outcome outcome_of(Status status, std::string error) {
  return {status, std::move(error), {}};
}

/// Replies that have been taken in one go, and whose latencies are not recorded yet.
class Arrivals {
 public:
  /// Nothing is recorded when there is no histogram.
  explicit Arrivals(Histogram* latency) : latency_(latency) {}
  Arrivals(const Arrivals&) = delete;
  Arrivals& operator=(const Arrivals&) = delete;

  void add(Clock::time_point dispatched) {
    dispatched_[count_++] = dispatched;
    if (count_ >= clock_.sharers()) record();
  }

  /// To be called before anything else is done.
  void record() {
    if (latency_ != nullptr && count_ > 0) {
      const auto now = clock_.read();
      for (std::size_t i = 0; i < count_; ++i) {
        latency_->record(static_cast<std::uint64_t>((now - dispatched_[i]).count()));
      }
    }
    count_ = 0;
  }

 private:
  Histogram* const latency_;
  SharedClock clock_;
  std::array<Clock::time_point, SharedClock::kMostSharers> dispatched_;
  std::size_t count_ = 0;
};

}  // namespace

Dispatcher::Dispatcher(const std::vector<std::unique_ptr<ipc::Link>>& links, Scoreboard& scoreboard,
                       workloads::Fixture& fixture, const Config& config, Crew& crew)
    : scoreboard_(scoreboard), fixture_(fixture), config_(config), crew_(crew), lanes_(links.size()) {
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    auto& lane = lanes_[i];
    lane.end = &links[i]->end(ipc::Side::submitter);
    lane.slot = &scoreboard.slot(static_cast<int>(i));
    lane.flights.resize(config.window);
    if (config.payload_bytes == 0) continue;
    lane.request_payload = lane.end->lend(config.batch * config.payload_bytes);
    for (std::uint64_t task = 0; task < config.batch; ++task) {
      fixture.fill_request(lane.request_payload.subspan(task * config.payload_bytes, config.payload_bytes));
    }
  }
  for (const int worker : waking_order(config)) bells_.push_back(&scoreboard.slot(worker).bell);
}

Outcome Dispatcher::run(const Request& request, Deadline deadline) {
  scoreboard_.patience().store(static_cast<std::uint32_t>(std::max<std::size_t>(1, config_.window * 3 / 4)));
  Pass pass{.request = request, .deadline = deadline};
  Usage workers_before;
  if (!request.more_follows) {
    if (auto asked = usage_of_workers(RequestKind::report, workers_before, deadline); asked.status != Status::ok)
      return asked;
  }
  const Usage submitter_before = thread_usage();

  const auto start = Clock::now();
  const bool finished = wait_until(scoreboard_.doorbell(), config_.wait, deadline, [&] { return turn(pass); });
  pass.block.wall_ns = since(start).count();

  pass.block.submitter = thread_usage();
  pass.block.submitter -= submitter_before;
  if (pass.failure) return *pass.failure;
  if (!finished) return late();
  if (!request.more_follows) {
    if (auto asked = usage_of_workers(RequestKind::rest, pass.block.workers, deadline); asked.status != Status::ok)
      return asked;
    pass.block.workers -= workers_before;
  }
  pass.block.tasks = request.tasks;
  return {Status::ok, {}, pass.block};
}

/// One turn: takes all replies, deals what the windows allow, until there is nothing more to do at once. True when the
/// pass is over.
bool Dispatcher::turn(Pass& pass) {
  do {
    if (auto died = casualty()) {
      pass.failure = std::move(died);
      return true;
    }
    if (pass.latest >= pass.deadline) return false;
    const bool dealt = deal(pass);
    if (pass.done == pass.request.tasks) return true;
    const bool collected = collect(pass);
    if (pass.failure) return true;
    if (!dealt && !collected) return false;
  } while (pass.done < pass.request.tasks);
  return true;
}

bool Dispatcher::deal(Pass& pass) {
  bool any = false;
  pass.clock = {};
  for (auto& lane : lanes_) lane.refused = false;
  for (bool dealt = true; dealt;) {
    dealt = false;
    for (auto& lane : lanes_) dealt |= give(pass, lane);
    any |= dealt;
  }
  // Once for all that was dealt: a worker that sleeps wakes to a full window rather than to a single batch.
  if (any) {
    for (auto* const bell : bells_) bell->ring();
  }
  return any;
}

bool Dispatcher::give(Pass& pass, Lane& lane) {
  if (pass.next == pass.request.tasks || lane.in_flight == lane.flights.size() || lane.refused) return false;
  const workloads::TaskRange tasks{pass.next, std::min(config_.batch, pass.request.tasks - pass.next)};
  const RequestHead head{RequestKind::run, 0, tasks.first, tasks.count};
  pass.latest = pass.clock.at_next();
  if (!lane.end->try_send({bytes_of(head), lane.request_payload.first(tasks.count * config_.payload_bytes)})) {
    lane.refused = true;  // not asked again before deaths and the deadline have been looked at: each time may take long
    pass.clock = {};
    return false;
  }
  lane.flights[lane.after_oldest(lane.in_flight)] = {tasks, pass.latest};
  ++lane.in_flight;
  pass.next += tasks.count;
  return true;
}

bool Dispatcher::collect(Pass& pass) {
  bool any = false;
  Arrivals arrivals(pass.request.latency);
  for (auto& lane : lanes_) {
    while (lane.in_flight > 0) {
      const auto reply = lane.end->try_receive();
      if (!reply) break;
      arrivals.add(lane.flights[lane.oldest].dispatched);
      take(pass, lane, *reply);
      any = true;
    }
    arrivals.record();
  }
  return any;
}

void Dispatcher::take(Pass& pass, Lane& lane, const ipc::Message& reply) {
  const Flight& flight = lane.flights[lane.oldest];
  const auto head = head_of<ReplyHead>(reply);
  if (head.kind == ReplyKind::failed) {
    pass.failure = failed(lane, reply);
    return;
  }
  if (pass.request.check_replies && !fixture_.reply_is_right(flight.tasks, reply.payload)) {
    pass.failure = outcome_of(Status::wrong_checksum, text(worker_of(lane), " sent a wrong payload back for ",
                                                           range_text(flight.tasks.first, flight.tasks.count)));
  }
  pass.block.sum += head.value;
  ++pass.block.messages;
  pass.done += flight.tasks.count;
  lane.oldest = lane.after_oldest(1);
  --lane.in_flight;
}

/// Of all workers: their hello, or the answer to a control request.
Outcome Dispatcher::await_answers(Deadline deadline) {
  std::optional<Outcome> failure;
  for (auto& lane : lanes_) lane.answered = false;
  const bool finished = wait_until(scoreboard_.doorbell(), config_.wait, deadline, [&] {
    bool all = true;
    for (auto& lane : lanes_) all &= hear(lane, failure);
    if (failure || all) return true;
    if (auto died = casualty()) {
      for (auto& lane : lanes_) hear(lane, failure);  // what it said before it went tells more
      if (!failure) failure = std::move(died);
    }
    return failure.has_value();
  });
  if (failure) return *failure;
  return finished ? Outcome{} : late();
}

/// Whether the lane has answered the control request that is under way.
bool Dispatcher::hear(Lane& lane, std::optional<Outcome>& failure) {
  if (lane.answered) return true;
  const auto reply = lane.end->try_receive();
  if (!reply) return false;
  lane.answered = true;
  if (head_of<ReplyHead>(*reply).kind == ReplyKind::failed) failure = failed(lane, *reply);
  return true;
}

Outcome Dispatcher::ask_all(RequestKind request, Deadline deadline) {
  const RequestHead head{request};
  std::vector<Lane*> unsent;
  for (auto& lane : lanes_) {
    lane.answered = false;
    unsent.push_back(&lane);
  }
  std::optional<Outcome> failure;
  const bool sent = wait_until(scoreboard_.doorbell(), config_.wait, deadline, [&] {
    std::erase_if(unsent, [&](Lane* lane) {
      if (!lane->end->try_send({bytes_of(head), {}})) return false;
      lane->slot->bell.ring();
      return true;
    });
    if (!unsent.empty()) failure = casualty();
    return unsent.empty() || failure;
  });
  if (failure) return *failure;
  return sent ? Outcome{} : late();
}

Outcome Dispatcher::usage_of_workers(RequestKind request, Usage& total, Deadline deadline) {
  if (auto asked = ask_all(request, deadline); asked.status != Status::ok) return asked;
  if (auto answered = await_answers(deadline); answered.status != Status::ok) return answered;
  for (const auto& lane : lanes_) total += lane.slot->usage;
  return {};
}

void Dispatcher::tell_to_stop(Deadline deadline) {
  const RequestHead head{RequestKind::stop};
  std::vector<int> untold(lanes_.size());
  std::iota(untold.begin(), untold.end(), 0);
  // A link may be full, after a failure: its worker makes room, or has ended. One that is stuck is ended by the crew.
  wait_until(scoreboard_.doorbell(), config_.wait, deadline, [&] {
    std::erase_if(untold, [&](int worker) {
      auto& lane = lanes_[static_cast<std::size_t>(worker)];
      if (lane.slot->left || crew_.has_ended(worker)) return true;
      if (!lane.end->try_send({bytes_of(head), {}})) return false;
      lane.slot->bell.ring();
      return true;
    });
    return untold.empty();
  });
}

std::optional<Outcome> Dispatcher::casualty() {
  const auto lost = crew_.casualty();
  if (!lost) return std::nullopt;
  const auto& slot = scoreboard_.slot(lost->worker);
  return outcome_of(Status::worker_died,
                    text("worker ", lost->worker, " (pid ", lost->pid, ") ", lost->how, ", ", in_hand(slot)));
}

Outcome Dispatcher::late() {
  std::string waiting;
  for (const auto& lane : lanes_) {
    if (lane.in_flight == 0 && lane.answered) continue;
    waiting += text(waiting.empty() ? "" : "; ", worker_of(lane), ": ", lane.in_flight, " messages in flight, ",
                    in_hand(*lane.slot));
  }
  return outcome_of(Status::timed_out, "no answer before the deadline: " + waiting);
}

Outcome Dispatcher::failed(const Lane& lane, const ipc::Message& reply) {
  const std::string what(reinterpret_cast<const char*>(reply.payload.data()), reply.payload.size());
  return outcome_of(Status::error, text(worker_of(lane), ", task ", head_of<ReplyHead>(reply).value, ": ", what));
}

std::string Dispatcher::worker_of(const Lane& lane) const {
  return text("worker ", &lane - lanes_.data(), " (pid ", lane.slot->pid.load(), ")");
}

}  // namespace mpmt::executors
