// Plans of the family `channel`.
#include <algorithm>

#include "base/shown.hpp"
#include "base/text.hpp"
#include "benchmarks/plan/plan.hpp"

namespace mpmt::benchmarks {
namespace {

using executors::Placement;
using ipc::Sides;
using pairs::Pattern;

/// Streams keep this much in flight at most, so that large messages do not take memory without end.
constexpr std::size_t kMostBytesInFlight = std::size_t{4} << 20;

/// What a channel and a floor are to a plan.
struct Subject {
  std::string_view name;
  bool floor = false;
  bool between_threads = true;
  bool between_processes = true;
  bool has_wait = true;
  bool has_futex = false;
  std::size_t max_payload_bytes = 0;
  std::size_t capacity = 1;  ///< messages each way
};

class ExchangePlanner {
 public:
  ExchangePlanner(const RunOptions& options, const ExchangeProfile& profile, std::vector<std::string>& notes,
                  const std::function<void()>& step)
      : options_(options),
        profile_(profile),
        notes_(notes),
        step_(step),
        sides_(chosen(options.sides, {Sides::threads, Sides::processes})) {
    add_channels();
    if (!options.no_floors) add_floors();
    check_rates();
  }

  std::vector<PlannedCase> plan() {
    for (const auto pattern : chosen(options_.patterns, profile_.patterns)) {
      for (const auto bytes : chosen(options_.message_bytes, profile_.message_bytes)) {
        for (const auto placement : chosen(options_.placements, profile_.placements)) {
          for (const bool touched : chosen(options_.touches, {true})) add_rates(pattern, bytes, placement, touched);
        }
      }
    }
    return std::move(cases_);
  }

 private:
  void add_channels() {
    const auto& catalog = ipc::ChannelCatalog::instance();
    auto names = options_.channels.empty()
                     ? std::vector<std::string>(profile_.channels.begin(), profile_.channels.end())
                     : options_.channels;
    const bool all = asks_for_all(options_.channels);
    if (all) {
      names.clear();
      for (const auto& channel : catalog.all()) names.emplace_back(channel.name);
    }
    for (const auto& name : names) {
      if (ipc::FloorCatalog::instance().find(name) != nullptr) {
        throw UsageError(text("--channel: '", shown(name), "' is a floor; floors are measured beside the channels"));
      }
      const auto* const channel = catalog.find(name);
      if (channel == nullptr) {
        throw UsageError(text("--channel: '", shown(name), "' is unknown; known: all, ", catalog.names()));
      }
      const Subject subject{channel->name,
                            false,
                            channel->between_threads,
                            channel->between_processes,
                            channel->has_wait,
                            channel->has_futex,
                            channel->max_payload_bytes,
                            channel->default_capacity};
      const auto is_it = [&](const Subject& other) { return other.name == subject.name; };
      if (std::any_of(subjects_.begin(), subjects_.end(), is_it)) continue;
      if (!usable(subject) && all) continue;
      if (!usable(subject)) {
        throw UsageError(text("--channel: '", name, "' cannot be used between ", text_of(sides_.front())));
      }
      subjects_.push_back(subject);
    }
  }

  bool usable(const Subject& subject) const {
    return std::any_of(sides_.begin(), sides_.end(), [&](Sides sides) { return serves(subject, sides); });
  }
  static bool serves(const Subject& subject, Sides sides) {
    return sides == Sides::threads ? subject.between_threads : subject.between_processes;
  }

  void add_floors() {
    for (const auto& name : profile_.floors) {
      const auto& floor = *ipc::FloorCatalog::instance().find(name);
      subjects_.push_back({floor.name, true, true, true, false, floor.has_futex, floor.max_payload_bytes, 1});
    }
  }

  void check_rates() const {
    const auto patterns = chosen(options_.patterns, profile_.patterns);
    const bool open_loop = std::find(patterns.begin(), patterns.end(), Pattern::open_loop) != patterns.end();
    if (!options_.rates.empty() && !open_loop) throw UsageError("--rate: only --pattern open_loop has one");
    const bool shared =
        std::find(options_.futexes.begin(), options_.futexes.end(), FutexScope::processes) != options_.futexes.end();
    const bool processes = std::find(sides_.begin(), sides_.end(), Sides::processes) != sides_.end();
    if (!options_.futexes.empty() && !shared && processes) {
      throw UsageError("--futex: between processes only 'shared' wakes anybody; add it, or --sides threads");
    }
    const auto has_futex = [](const Subject& subject) { return subject.has_futex && !subject.floor; };
    if (!options_.futexes.empty() && std::none_of(subjects_.begin(), subjects_.end(), has_futex)) {
      throw UsageError("--futex: none of the chosen channels sleeps on a futex of its own");
    }
    if (!options_.windows.empty() && patterns == std::vector{Pattern::ping_pong}) {
      throw UsageError("--window: a ping_pong has one message under way");
    }
  }

  void add_rates(Pattern pattern, std::size_t bytes, Placement placement, bool touched) {
    const auto rates = pattern == Pattern::open_loop ? chosen(options_.rates, profile_.rates) : std::vector{0.0};
    for (const double rate : rates) {
      Case made;
      made.family = Family::channel;
      made.placement = placement;
      made.exchange = {false, Sides::threads, pattern, bytes, std::nullopt, touched, rate};
      const auto group = text(text_of(pattern), "/bytes:", bytes, "/placement:", text_of(placement),
                              rate > 0 ? text("/rate:", std::to_string(rate)) : "", touched ? "" : "/touch:no");
      for (const auto& subject : subjects_) add_subject(subject, made, group);
    }
  }

  void add_subject(const Subject& subject, Case made, const std::string& group) {
    step_();
    auto& exchange = made.exchange;
    if (subject.floor && exchange.pattern == Pattern::open_loop) return;
    if (exchange.message_bytes > subject.max_payload_bytes) {
      const auto why = text(exchange.message_bytes, " bytes is more than ", subject.name,
                            " carries in a message: ", subject.max_payload_bytes, " bytes");
      const bool named = !options_.channels.empty() && !asks_for_all(options_.channels);
      const bool asked_for = named && !options_.message_bytes.empty() && !subject.floor;
      if (asked_for) throw UsageError("--message-bytes: " + why);
      note(text(subject.name, " is left out: ", why));
      return;
    }
    made.channel = subject.name;
    exchange.floor = subject.floor;
    for (const auto window : windows(subject, exchange)) {
      made.window = window;
      for (const auto wait : subject.has_wait ? chosen(options_.waits, profile_.waits) : std::vector{Wait::block}) {
        made.wait = wait;
        const auto block = text(group, "/", subject.name, "/window:", window, "/wait:", text_of(wait));
        for (const auto sides : sides_) {
          if (!serves(subject, sides)) continue;
          exchange.sides = sides;
          for (const auto& futex : futexes(subject, sides)) {
            exchange.futex = futex;
            cases_.push_back({made, group, block});
          }
        }
      }
    }
  }

  std::vector<std::size_t> windows(const Subject& subject, const Exchange& exchange) const {
    if (subject.floor || exchange.pattern == Pattern::ping_pong) return {1};
    const auto most = std::max<std::size_t>(2, kMostBytesInFlight / exchange.message_bytes);
    return chosen(options_.windows, {std::min(subject.capacity, most)});
  }

  /// Threads with either kind, unless the user says: a private futex is theirs alone, a shared one tells what of the
  /// difference to processes is the futex's.
  std::vector<std::optional<FutexScope>> futexes(const Subject& subject, Sides sides) const {
    if (!subject.has_futex) return {std::nullopt};
    std::vector<std::optional<FutexScope>> kinds;
    for (const auto kind : chosen(options_.futexes, {FutexScope::one_process, FutexScope::processes})) {
      if (sides == Sides::threads || kind == FutexScope::processes) kinds.emplace_back(kind);
    }
    return kinds;
  }

  void note(const std::string& line) {
    if (std::find(notes_.begin(), notes_.end(), line) == notes_.end()) notes_.push_back(line);
  }

  const RunOptions& options_;
  const ExchangeProfile& profile_;
  std::vector<std::string>& notes_;
  const std::function<void()>& step_;
  const std::vector<Sides> sides_;
  std::vector<Subject> subjects_;
  std::vector<PlannedCase> cases_;
};

}  // namespace

std::vector<PlannedCase> plan_exchanges(const RunOptions& options, const ExchangeProfile& profile,
                                        std::vector<std::string>& notes, const std::function<void()>& step) {
  return ExchangePlanner(options, profile, notes, step).plan();
}

}  // namespace mpmt::benchmarks
