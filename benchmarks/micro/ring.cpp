// A ring in shared memory, bare and with the bells of a channel's end; both sides are this thread.
#include "ipc/ring.hpp"

#include <benchmark/benchmark.h>

#include <vector>

#include "base/shared_region.hpp"
#include "executors/wire.hpp"
#include "ipc/ring_end.hpp"

namespace mpmt::micro {
namespace {

constexpr std::size_t kCapacity = 64;

/// A message as a pool sends it.
class Sample {
 public:
  explicit Sample(std::size_t payload_bytes) : payload_(payload_bytes, std::byte{1}) {}

  ipc::Message message() const { return {executors::bytes_of(head_), payload_}; }
  std::size_t bytes() const { return sizeof head_ + payload_.size(); }

 private:
  executors::RequestHead head_{executors::RequestKind::run, 0, 1, 1};
  std::vector<std::byte> payload_;
};

/// A ring for such messages, and both of its sides.
class Lane {
 public:
  explicit Lane(std::size_t message_bytes)
      : ring_bytes_(ipc::Ring::bytes_for(kCapacity, message_bytes)),
        memory_(ring_bytes_),
        ring_(static_cast<std::byte*>(memory_.data()), ring_bytes_) {}

  bool push(const ipc::Message& message) { return producer_.try_push(message); }
  std::optional<ipc::Message> front() { return consumer_.front(); }
  void pop() {
    if (consumer_.pop()) consumer_.publish();
  }
  void publish() { consumer_.publish(); }

 private:
  const std::size_t ring_bytes_;
  SharedRegion memory_;
  ipc::Ring ring_;
  ipc::Producer producer_{ring_};
  ipc::Consumer consumer_{ring_};
};

void count_messages(benchmark::State& state, std::int64_t messages_per_iteration) {
  const auto messages = state.iterations() * messages_per_iteration;
  state.SetItemsProcessed(messages);
  state.SetBytesProcessed(messages * state.range(0));
}

void BM_ring_push_pop(benchmark::State& state) {
  const Sample sample(static_cast<std::size_t>(state.range(0)));
  Lane lane(sample.bytes());
  for (auto _ : state) {
    if (!lane.push(sample.message())) {
      state.SkipWithError("an emptied ring is full");
      break;
    }
    auto message = lane.front();
    benchmark::DoNotOptimize(message);
    lane.pop();
  }
  count_messages(state, 1);
}
BENCHMARK(BM_ring_push_pop)->Arg(64)->Arg(1024)->Arg(16384);

/// A window's worth of messages each way in turn, as between sides that let each other work.
void BM_ring_fill_and_drain(benchmark::State& state) {
  const Sample sample(static_cast<std::size_t>(state.range(0)));
  Lane lane(sample.bytes());
  for (auto _ : state) {
    for (std::size_t n = 0; n < kCapacity; ++n) {
      if (!lane.push(sample.message())) return state.SkipWithError("a ring has less room than its capacity");
    }
    while (auto message = lane.front()) {
      benchmark::DoNotOptimize(message);
      lane.pop();
    }
    lane.publish();
  }
  count_messages(state, kCapacity);
}
BENCHMARK(BM_ring_fill_and_drain)->Arg(64)->Arg(1024);

/// What a side pays that looks for a message and finds none.
void BM_ring_look_into_empty(benchmark::State& state) {
  Lane lane(64);
  for (auto _ : state) {
    auto message = lane.front();
    benchmark::DoNotOptimize(message);
    benchmark::ClobberMemory();
  }
}
BENCHMARK(BM_ring_look_into_empty);

/// The waiting calls of shm_ring, which ring the other side's bell; its try_ calls are among the channels.
void BM_ring_end_send_receive(benchmark::State& state) {
  const Sample sample(static_cast<std::size_t>(state.range(0)));
  const ipc::LinkConfig config{.sides = ipc::Sides::threads,
                               .capacity = kCapacity,
                               .max_payload_bytes = static_cast<std::size_t>(state.range(0)),
                               .calls = ipc::Calls::waiting};
  ipc::RingLink<Bell> link(config, "ring", [&](std::size_t) { return config.futex_scope(); });
  auto& submitter = link.end(ipc::Side::submitter);
  auto& worker = link.end(ipc::Side::worker);
  const Deadline deadline = Clock::now() + std::chrono::hours(1);
  for (auto _ : state) {
    submitter.send(sample.message(), deadline);
    auto message = worker.receive(deadline);
    benchmark::DoNotOptimize(message);
  }
  count_messages(state, 1);
}
BENCHMARK(BM_ring_end_send_receive)->Arg(64);

}  // namespace
}  // namespace mpmt::micro
