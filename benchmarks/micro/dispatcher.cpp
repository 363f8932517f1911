// The submitter's loop of a pool, with nobody at the other end: what it costs to deal a batch and to take its reply.
#include "executors/dispatcher.hpp"

#include <benchmark/benchmark.h>

#include <memory>
#include <stdexcept>
#include <vector>

namespace mpmt::micro {
namespace {

using executors::ReplyHead;
using executors::ReplyKind;
using executors::RequestHead;

constexpr std::uint64_t kTasks = 4096;  // an iteration: a block, so that its two ends do not matter

/// A worker who has done what he is asked as soon as it has been sent: each task's result is 1.
class AnsweringEnd final : public ipc::End {
 public:
  explicit AnsweringEnd(std::size_t window) : sums_(window) {}

  bool try_send(const ipc::Message& message) override {
    if (sent_ - received_ == sums_.size()) return false;
    sums_[sent_++ % sums_.size()] = executors::head_of<RequestHead>(message).count;
    return true;
  }
  std::optional<ipc::Message> try_receive() override {
    if (sent_ == received_) return std::nullopt;
    reply_.value = sums_[received_++ % sums_.size()];
    return ipc::Message{executors::bytes_of(reply_), {}};
  }
  bool send(const ipc::Message&, Deadline) override { throw std::logic_error("dispatchers do not wait in a link"); }
  std::optional<ipc::Message> receive(Deadline) override { throw std::logic_error("nor to receive"); }
  std::span<std::byte> lend(std::size_t) override { return {}; }

 private:
  std::vector<std::uint64_t> sums_;  ///< a ring: of replies under way
  std::size_t sent_ = 0;
  std::size_t received_ = 0;
  ReplyHead reply_{ReplyKind::done};
};

class AnsweringLink final : public ipc::Link {
 public:
  explicit AnsweringLink(std::size_t window) : end_(window) {}

  ipc::End& end(ipc::Side) override { return end_; }
  void keep(ipc::Side) override {}

 private:
  AnsweringEnd end_;
};

class NoCrew final : public executors::Crew {
 public:
  std::optional<executors::Casualty> casualty() override { return std::nullopt; }
  bool join(Deadline) override { return true; }
};

/// A dispatcher, and all that it refers to.
class Desk {
 public:
  Desk(int workers, std::size_t window)
      : config_{.workers = workers, .window = window, .placement = executors::Placement::free, .cpus = {0}} {}

  executors::Outcome run(Histogram* latency) {
    // Otherwise workers would be asked what they have used.
    constexpr bool more_follows = true;
    return dispatcher_.run({kTasks, false, latency, more_follows}, Clock::now() + std::chrono::minutes(1));
  }

 private:
  using Links = std::vector<std::unique_ptr<ipc::Link>>;

  static Links links_for(const executors::Config& config) {
    Links links;
    for (int worker = 0; worker < config.workers; ++worker) {
      links.push_back(std::make_unique<AnsweringLink>(config.window));
    }
    return links;
  }

  const executors::Config config_;
  const Links links_ = links_for(config_);
  executors::Scoreboard scoreboard_{config_.workers, FutexScope::one_process};
  std::unique_ptr<workloads::Fixture> fixture_ = workloads::WorkloadCatalog::instance().find("empty")->prepare({});
  NoCrew crew_;
  executors::Dispatcher dispatcher_{links_, scoreboard_, *fixture_, config_, crew_};
};

void dispatch(benchmark::State& state, Histogram* latency) {
  Desk desk(static_cast<int>(state.range(0)), static_cast<std::size_t>(state.range(1)));
  for (auto _ : state) {
    const auto outcome = desk.run(latency);
    if (outcome.status != executors::Status::ok) return state.SkipWithError(outcome.error.c_str());
    if (outcome.block.sum != kTasks) return state.SkipWithError("the sum is wrong");
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kTasks));
}

void BM_dispatch(benchmark::State& state) {
  dispatch(state, nullptr);
}
BENCHMARK(BM_dispatch)->ArgNames({"workers", "window"})->Args({1, 1})->Args({1, 64})->Args({8, 8});

void BM_dispatch_with_latencies(benchmark::State& state) {
  const auto latency = std::make_unique<Histogram>();
  dispatch(state, latency.get());
}
BENCHMARK(BM_dispatch_with_latencies)->ArgNames({"workers", "window"})->Args({1, 64});

}  // namespace
}  // namespace mpmt::micro
