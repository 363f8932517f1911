#include "benchmarks/micro/channels.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <exception>
#include <optional>

#include "base/text.hpp"
#include "executors/wire.hpp"
#include "ipc/channel.hpp"

namespace mpmt::micro {
namespace {

/// Few, since limits of this machine (RLIMIT_MSGQUEUE) count the bytes of all messages that a link could hold.
constexpr std::size_t kCapacity = 2;
constexpr std::chrono::seconds kPatience{1};

/// The next message; none when none has come within kPatience. The kernel may deliver somewhat later than it takes.
std::optional<ipc::Message> next(ipc::End& end) {
  if (auto message = end.try_receive()) return message;
  const Deadline deadline = Clock::now() + kPatience;
  while (Clock::now() < deadline) {
    yield_cpu();
    if (auto message = end.try_receive()) return message;
  }
  return std::nullopt;
}

ipc::Message built_message(ipc::End& end, const executors::RequestHead& head, std::size_t payload_bytes) {
  const auto payload = end.lend(payload_bytes);
  std::generate(payload.begin(), payload.end(), [n = 0]() mutable { return static_cast<std::byte>(n++); });
  return {executors::bytes_of(head), payload};
}

/// One message from one end to the other and no further; what the receiver would do with its bytes is not timed.
void send_and_receive(benchmark::State& state, ipc::Link& link) {
  auto& submitter = link.end(ipc::Side::submitter);
  auto& worker = link.end(ipc::Side::worker);
  const executors::RequestHead head{executors::RequestKind::run, 0, 1, 1};
  const auto message = built_message(submitter, head, static_cast<std::size_t>(state.range(0)));
  if (!submitter.try_send(message)) return state.SkipWithError("an empty channel does not take a message");
  const auto first = next(worker);
  if (!first) return state.SkipWithError("a message that was sent has not come within a second");
  if (!std::ranges::equal(first->payload, message.payload)) return state.SkipWithError("a payload has changed");

  for (auto _ : state) {
    if (!submitter.try_send(message)) {
      state.SkipWithError("a channel that has been emptied does not take a message");
      break;
    }
    auto received = next(worker);
    if (!received) {
      state.SkipWithError("a message that was sent has not come within a second");
      break;
    }
    benchmark::DoNotOptimize(received);
  }
  state.SetItemsProcessed(state.iterations());
}

void BM_channel(benchmark::State& state, const ipc::Description& channel) {
  if (!channel.between_threads) {
    return state.SkipWithError("unsupported: its ends belong to two processes, and one thread cannot use both");
  }
  try {
    const auto link = channel.connect({.sides = ipc::Sides::threads,
                                       .capacity = kCapacity,
                                       .max_payload_bytes = static_cast<std::size_t>(state.range(0))});
    send_and_receive(state, *link);
    if (channel.copies_per_message > 0) state.SetBytesProcessed(state.iterations() * state.range(0));
  } catch (const ipc::LimitReached& refusal) {
    state.SkipWithError(text("unsupported: ", refusal.what()).c_str());
  } catch (const std::exception& failure) {
    state.SkipWithError(failure.what());
  }
}

}  // namespace

void register_channels() {
  for (const auto& channel : ipc::ChannelCatalog::instance().all()) {
    const auto name = text("BM_channel/", channel.name);
    auto* const registered =
        benchmark::RegisterBenchmark(name.c_str(), [&channel](auto& state) { BM_channel(state, channel); });
    for (const std::size_t payload_bytes : {64U, 4096U, 65536U}) {
      if (payload_bytes <= channel.max_payload_bytes) registered->Arg(static_cast<std::int64_t>(payload_bytes));
    }
  }
}

}  // namespace mpmt::micro
