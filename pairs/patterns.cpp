#include "pairs/patterns.hpp"

#include <time.h>

#include <algorithm>
#include <cstring>

#include "base/text.hpp"

namespace mpmt::pairs {
namespace {

using ipc::WaitingEnd;

/// Fills a message: the first word is `stamp`, all others `value`. Four words at a time, so that memory and not the
/// loop is what it waits for.
void write_words(std::span<std::byte> message, std::uint64_t stamp, std::uint64_t value) {
  auto* const words = reinterpret_cast<std::uint64_t*>(message.data());
  const std::size_t count = message.size() / kWordBytes;
  std::size_t i = 0;
  for (; i + 4 <= count; i += 4) {
    words[i] = value;
    words[i + 1] = value;
    words[i + 2] = value;
    words[i + 3] = value;
  }
  for (; i < count; ++i) words[i] = value;
  words[0] = stamp;
}

struct Words {
  std::uint64_t stamp;
  std::uint64_t sum;  ///< of all others
};

std::uint64_t word_at(const std::byte* place) {
  std::uint64_t word = 0;
  std::memcpy(&word, place, sizeof word);  // a message in a byte stream's buffer need not be aligned
  return word;
}

Words read_words(std::span<const std::byte> message) {
  std::uint64_t sums[4]{};
  const std::size_t count = message.size() / kWordBytes;
  const std::byte* const words = message.data();
  std::size_t i = 0;
  for (; i + 4 <= count; i += 4) {
    for (std::size_t lane = 0; lane < 4; ++lane) sums[lane] += word_at(words + (i + lane) * kWordBytes);
  }
  for (; i < count; ++i) sums[0] += word_at(words + i * kWordBytes);
  const std::uint64_t stamp = word_at(words);
  return {stamp, sums[0] + sums[1] + sums[2] + sums[3] - stamp};
}

/// One side's calls, with the touching that goes with them.
class Talk {
 public:
  Talk(WaitingEnd& end, const Config& config, Deadline deadline) : end_(end), config_(config), deadline_(deadline) {}

  /// Message `number`; `stamp` is its first word.
  void send(std::uint64_t number, std::uint64_t stamp) {
    const auto message = end_.lend(config_.message_bytes);
    if (config_.touched) write_words(message, stamp, number);
    if (!config_.touched && config_.pattern == Pattern::open_loop) write_words(message.first(kWordBytes), stamp, 0);
    if (!end_.send({{}, message}, deadline_)) throw TooLate(text("message ", number, " was not taken"));
  }

  /// The first word of the next message.
  std::uint64_t receive(std::uint64_t number) {
    const auto message = end_.receive(deadline_);
    if (!message) throw TooLate(text("message ", number, " did not come"));
    if (message->payload.size() != config_.message_bytes) {
      throw std::runtime_error(
          text("message ", number, " has ", message->payload.size(), " bytes, not ", config_.message_bytes));
    }
    if (!config_.touched) {
      ++sum_;
      return config_.pattern == Pattern::open_loop ? word_at(message->payload.data()) : number;
    }
    const auto words = read_words(message->payload);
    sum_ += words.sum + (config_.pattern == Pattern::open_loop ? number : words.stamp);
    return words.stamp;
  }

  std::uint64_t sum() const { return sum_; }

 private:
  WaitingEnd& end_;
  const Config& config_;
  const Deadline deadline_;
  std::uint64_t sum_ = 0;
};

std::uint64_t stamp_of(Clock::time_point time) {
  return static_cast<std::uint64_t>(time.time_since_epoch().count());
}

/// One clock reading a round trip: where one ends the next begins.
Part ping(Talk talk, std::uint64_t operations, Histogram* latency) {
  Part part;
  auto before = part.first = Clock::now();
  for (std::uint64_t number = 1; number <= operations; ++number) {
    talk.send(number, number);
    talk.receive(number);
    const auto now = Clock::now();
    if (latency != nullptr) latency->record(static_cast<std::uint64_t>((now - before).count()));
    before = now;
  }
  part.last = before;
  part.sum = talk.sum();
  return part;
}

Part pong(Talk talk, std::uint64_t operations) {
  for (std::uint64_t number = 1; number <= operations; ++number) {
    talk.receive(number);
    talk.send(number, number);
  }
  Part part;
  part.sum = talk.sum();
  return part;
}

Part pour(Talk talk, std::uint64_t operations) {
  Part part;
  part.first = Clock::now();
  for (std::uint64_t number = 1; number <= operations; ++number) talk.send(number, number);
  part.last = Clock::now();
  return part;
}

/// How far ahead of its time a sleeping generator gets up: a wake-up may take this long.
constexpr std::chrono::microseconds kEarly{200};

/// Waits until `due`; sleeps while it is far away. On a CPU that it shares with the receiver it gives up the CPU
/// between looks, so that the receiver runs while the generator only waits. The clock when it was due or later.
Clock::time_point wait_until_due(Clock::time_point due, bool shares_cpu) {
  auto now = Clock::now();
  while (due - now > 2 * kEarly) {
    const auto until = (due - kEarly).time_since_epoch();
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(until);
    const timespec absolute{seconds.count(), Nanoseconds(until - seconds).count()};
    ::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &absolute, nullptr);  // a tick may cut it short
    now = Clock::now();
  }
  for (; now < due; now = Clock::now()) {
    if (shares_cpu) {
      yield_cpu();
    } else {
      cpu_relax();
    }
  }
  return now;
}

Part generate(Talk talk, const Config& config, std::uint64_t operations, Deadline deadline) {
  Part part;
  const bool shares_cpu = config.placement == executors::Placement::same || config.cpus.size() == 1;
  const double interval_ns = 1e9 / config.rate;
  auto sent = part.first = Clock::now();
  for (std::uint64_t number = 1; number <= operations; ++number) {
    const auto due = part.first + Nanoseconds(static_cast<std::int64_t>(static_cast<double>(number) * interval_ns));
    if (due > deadline) throw TooLate(text("message ", number, " is due after the deadline"));
    const auto began = wait_until_due(due, shares_cpu);
    // While send() waited for room, that was the channel's doing; the rest of the delay is the generator's.
    part.late += std::max(Nanoseconds(0), Nanoseconds(began - std::max(due, sent)));
    talk.send(number, stamp_of(due));
    sent = Clock::now();
  }
  part.last = sent;
  return part;
}

Part collect(Talk talk, std::uint64_t operations, Histogram* latency) {
  Part part;
  for (std::uint64_t number = 1; number <= operations; ++number) {
    const auto due = talk.receive(number);
    if (latency != nullptr) latency->record(stamp_of(Clock::now()) - due);
  }
  part.last = Clock::now();
  part.sum = talk.sum();
  return part;
}

}  // namespace

Part speak(WaitingEnd& end, const Config& config, std::uint64_t operations, Histogram* latency, Deadline deadline) {
  const Talk talk(end, config, deadline);
  switch (config.pattern) {
    case Pattern::ping_pong:
      return ping(talk, operations, latency);
    case Pattern::stream:
      return pour(talk, operations);
    case Pattern::open_loop:
      break;
  }
  return generate(talk, config, operations, deadline);
}

Part answer(WaitingEnd& end, const Config& config, std::uint64_t operations, Histogram* latency, Deadline deadline) {
  const Talk talk(end, config, deadline);
  if (config.pattern == Pattern::ping_pong) return pong(talk, operations);
  return collect(talk, operations, config.pattern == Pattern::open_loop ? latency : nullptr);
}

std::uint64_t expected_sum(const Config& config, std::uint64_t operations) {
  const std::uint64_t ways = config.pattern == Pattern::ping_pong ? 2 : 1;
  if (!config.touched) return ways * operations;
  const std::uint64_t numbers =
      operations % 2 == 0 ? operations / 2 * (operations + 1) : (operations + 1) / 2 * operations;
  return ways * numbers * (config.message_bytes / kWordBytes);
}

}  // namespace mpmt::pairs
