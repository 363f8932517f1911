#include "executors/linked_pool.hpp"

#include <algorithm>

#include "executors/limits.hpp"

namespace mpmt::executors {
namespace {

constexpr std::chrono::seconds kLastPatience{2};

Links connect(const Config& config, ipc::Sides sides) {
  const ipc::LinkConfig link{sides, config.window,
                             std::max<std::size_t>(config.batch * config.payload_bytes, kMaxErrorText)};
  Links links;
  for (int worker = 0; worker < config.workers; ++worker) links.push_back(config.channel->connect(link));
  return links;
}

const Config& checked_config(const Config& config) {
  check(config);
  if (config.channel == nullptr) throw std::invalid_argument("channel: none; a pool needs one");
  return config;
}

}  // namespace

LinkedPool::LinkedPool(workloads::Fixture& fixture, const Config& config, ipc::Sides sides, const StartCrew& start_crew,
                       Deadline deadline)
    : config_(checked_config(config)),
      pinned_(cpu_of_submitter(config_)),
      scoreboard_(config_.workers, sides == ipc::Sides::threads ? Bell::Scope::one_process : Bell::Scope::processes),
      links_(connect(config_, sides)),
      crew_(start_crew({fixture, config_, scoreboard_, links_})) {
  try {
    dispatcher_.emplace(links_, scoreboard_, fixture, config_, *crew_);
  } catch (...) {
    dismiss({fixture, config_, scoreboard_, links_});
    throw;
  }
  if (const auto up = dispatcher_->await_hello(deadline); up.status != Status::ok) {
    shutdown(Clock::now() + kLastPatience);
    throw StartFailed(up);
  }
}

void LinkedPool::dismiss(const Parts& parts) {
  const RequestHead stop{RequestKind::stop};
  for (std::size_t worker = 0; worker < parts.links.size(); ++worker) {
    parts.links[worker]->end(ipc::Side::submitter).try_send({bytes_of(stop), {}});
    parts.scoreboard.slot(static_cast<int>(worker)).bell.ring();
  }
}

LinkedPool::~LinkedPool() {
  shutdown(Clock::now() + kLastPatience);
}

Outcome LinkedPool::run(const Request& request, Deadline deadline) {
  if (broken_ || !crew_) return {Status::error, "the pool is broken or shut down", {}};
  auto outcome = dispatcher_->run(request, deadline);
  broken_ = outcome.status != Status::ok;
  return outcome;
}

bool LinkedPool::shutdown(Deadline deadline) {
  if (!crew_) return true;
  dispatcher_->tell_to_stop(deadline);
  const bool left = crew_->join(deadline);
  crew_.reset();
  return left;
}

std::vector<WorkerFacts> LinkedPool::workers() const {
  std::vector<WorkerFacts> facts;
  for (int worker = 0; worker < config_.workers; ++worker) {
    const auto& slot = scoreboard_.slot(worker);
    WorkerFacts fact{worker, slot.pid, slot.tid, slot.libc_single_threaded, {}};
    for (int cpu = 0; cpu < Slot::kMaxCpus; ++cpu) {
      const auto word = slot.cpus[static_cast<std::size_t>(cpu) / 64].load(std::memory_order_relaxed);
      if ((word >> (cpu % 64) & 1) != 0) fact.cpus_seen.push_back(cpu);
    }
    facts.push_back(std::move(fact));
  }
  return facts;
}

}  // namespace mpmt::executors
