#include "benchmarks/families/channel_plan.hpp"

#include <charconv>

#include "base/shown.hpp"
#include "base/text.hpp"
#include "benchmarks/case/names.hpp"
#include "benchmarks/families/parts.hpp"

namespace mpmt::benchmarks {
namespace {

using executors::Placement;
using ipc::Sides;
using pairs::Pattern;

/// Streams keep this much in flight at most, so that large messages do not take memory without end.
constexpr std::size_t kMostBytesInFlight = std::size_t{4} << 20;

/// What a channel and a floor are to a plan.
struct Medium {
  std::string_view name;
  bool floor = false;
  bool between_threads = true;
  bool between_processes = true;
  bool has_wait = true;
  bool has_futex = false;
  std::size_t max_payload_bytes = 0;
  std::size_t capacity = 1;  ///< messages each way
};

Axes channel_profile(std::string_view name) {
  Axes axes;
  axes.channels = {"boost_queue", "pipe", "shm_ring", "unix_stream"};
  axes.patterns = {Pattern::ping_pong, Pattern::stream};
  axes.message_bytes = {64, 65'536};
  axes.placements = {Placement::same, Placement::spread};
  axes.waits = {executors::Wait::block};
  axes.rates = {5000};
  if (name == "quick") return axes;
  axes.channels = all_names<ipc::Description>();
  axes.message_bytes = {8, 64, 1024, 16'384, 262'144, 1 << 20};
  axes.waits.push_back(executors::Wait::yield);
  if (name == "standard") return axes;
  axes.patterns.push_back(Pattern::open_loop);
  axes.message_bytes = {8, 64, 256, 1024, 4096, 16'384, 65'536, 262'144, 1 << 20, 4 << 20, 16 << 20};
  axes.placements.push_back(Placement::free);
  return axes;
}

class Planner {
 public:
  explicit Planner(const Wish& wish)
      : wish_(wish),
        asked_(wish.axes),
        profile_(channel_profile(wish.profile)),
        sides_(chosen(asked_.sides, {Sides::threads, Sides::processes})) {
    add_channels();
    add_floors();
    check();
  }

  PlannedCases plan() {
    for (const auto pattern : chosen(asked_.patterns, profile_.patterns)) {
      for (const auto bytes : chosen(asked_.message_bytes, profile_.message_bytes)) {
        for (const auto placement : chosen(asked_.placements, profile_.placements)) {
          for (const bool touched : chosen(asked_.touches, {true})) add_rates(pattern, bytes, placement, touched);
        }
      }
    }
    return std::move(planned_);
  }

 private:
  void add_channels() {
    const auto& catalog = ipc::ChannelCatalog::instance();
    const bool all = asks_for_all(asked_.channels);
    const auto usual = asked_.channels.empty() ? profile_.channels : asked_.channels;
    for (const auto& name : all ? all_names<ipc::Description>() : usual) {
      if (ipc::FloorCatalog::instance().find(name) != nullptr) {
        throw UsageError(text("--channel: '", shown(name), "' is a floor; floors are measured beside the channels"));
      }
      const auto* const channel = catalog.find(name);
      if (channel == nullptr) {
        throw UsageError(text("--channel: '", shown(name), "' is unknown; known: all, ", catalog.names()));
      }
      const Medium medium{channel->name,
                          false,
                          channel->between_threads,
                          channel->between_processes,
                          channel->has_wait,
                          channel->has_futex,
                          channel->max_payload_bytes,
                          channel->default_capacity};
      const auto is_it = [&](const Medium& other) { return other.name == medium.name; };
      if (std::any_of(media_.begin(), media_.end(), is_it)) continue;
      if (!usable(medium) && all) continue;
      if (!usable(medium)) {
        throw UsageError(text("--channel: '", name, "' cannot be used between ", text_of(sides_.front())));
      }
      media_.push_back(medium);
    }
  }

  bool usable(const Medium& medium) const {
    return std::any_of(sides_.begin(), sides_.end(), [&](Sides sides) { return serves(medium, sides); });
  }
  static bool serves(const Medium& medium, Sides sides) {
    return sides == Sides::threads ? medium.between_threads : medium.between_processes;
  }

  void add_floors() {
    if (asked_.floors == std::vector<std::string>{"none"}) return;
    const auto& catalog = ipc::FloorCatalog::instance();
    const bool named = asks_by_name(asked_.floors);
    for (const auto& name : chosen(named ? asked_.floors : all_names<ipc::Floor>(), {})) {
      const auto* const floor = catalog.find(name);
      if (floor == nullptr) {
        const auto* const fault = name == "none" ? "' stands alone; floors: " : "' is unknown; known: all, none, ";
        throw UsageError(text("--floor: '", shown(name), fault, catalog.names()));
      }
      media_.push_back({floor->name, true, true, true, false, floor->has_futex, floor->max_payload_bytes, 1});
    }
  }

  void check() const {
    const auto patterns = chosen(asked_.patterns, profile_.patterns);
    const bool open_loop = std::find(patterns.begin(), patterns.end(), Pattern::open_loop) != patterns.end();
    if (!asked_.rates.empty() && !open_loop) throw UsageError("--rate: only --pattern open_loop has one");
    const bool shared =
        std::find(asked_.futexes.begin(), asked_.futexes.end(), FutexScope::processes) != asked_.futexes.end();
    const bool processes = std::find(sides_.begin(), sides_.end(), Sides::processes) != sides_.end();
    if (!asked_.futexes.empty() && !shared && processes) {
      throw UsageError("--futex: between processes only 'shared' wakes anybody; add it, or --sides threads");
    }
    const auto has_futex = [](const Medium& medium) { return medium.has_futex && !medium.floor; };
    if (!asked_.futexes.empty() && std::none_of(media_.begin(), media_.end(), has_futex)) {
      throw UsageError("--futex: none of the chosen channels sleeps on a futex of its own");
    }
    if (asks_by_name(asked_.floors) && asked_.floors.front() != "none" && patterns == std::vector{Pattern::open_loop}) {
      throw UsageError("--floor: floors have no open_loop");
    }
    if (!asked_.windows.empty() && patterns == std::vector{Pattern::ping_pong}) {
      throw UsageError("--window: a ping_pong has one message under way");
    }
  }

  void add_rates(Pattern pattern, std::size_t bytes, Placement placement, bool touched) {
    const auto rates = pattern == Pattern::open_loop ? chosen(asked_.rates, profile_.rates) : std::vector{0.0};
    for (const double rate : rates) {
      Case made;
      made.placement = placement;
      made.pair = {false, Sides::threads, pattern, bytes, std::nullopt, touched, rate};
      const auto group = text(text_of(pattern), "/bytes:", bytes, "/placement:", text_of(placement),
                              rate > 0 ? text("/rate:", std::to_string(rate)) : "", touched ? "" : "/touch:no");
      for (const auto& medium : media_) add_medium(medium, made, group);
    }
  }

  void add_medium(const Medium& medium, Case made, const std::string& group) {
    wish_.step();
    auto& pair = made.pair;
    if (medium.floor && pair.pattern == Pattern::open_loop) return;
    if (pair.message_bytes > medium.max_payload_bytes) {
      const auto why = text(pair.message_bytes, " bytes is more than ", medium.name,
                            " carries in a message: ", medium.max_payload_bytes, " bytes");
      const bool named = asks_by_name(medium.floor ? asked_.floors : asked_.channels);
      const bool asked_for = named && !asked_.message_bytes.empty();
      if (asked_for) throw UsageError("--message-bytes: " + why);
      planned_.note(text(medium.name, " is left out: ", why));
      return;
    }
    made.channel = medium.name;
    pair.floor = medium.floor;
    for (const auto window : windows(medium, pair)) {
      made.window = window;
      for (const auto wait : medium.has_wait ? chosen(asked_.waits, profile_.waits) : std::vector{Wait::block}) {
        made.wait = wait;
        const auto size_group = text(group, "/", medium.name, "/window:", window, "/wait:", text_of(wait));
        for (const auto sides : sides_) {
          if (!serves(medium, sides)) continue;
          pair.sides = sides;
          for (const auto& futex : futexes(medium, sides)) {
            pair.futex = futex;
            made.facts = facts_of_pair(made);
            planned_.cases.push_back({made, group, size_group});
          }
        }
      }
    }
  }

  std::vector<std::size_t> windows(const Medium& medium, const PairParameters& pair) const {
    if (medium.floor || pair.pattern == Pattern::ping_pong) return {1};
    const auto most = std::max<std::size_t>(2, kMostBytesInFlight / pair.message_bytes);
    return chosen(asked_.windows, {std::min(medium.capacity, most)});
  }

  /// Threads with either kind, unless the user says: a private futex is theirs alone, a shared one tells what of the
  /// difference to processes is the futex's.
  std::vector<std::optional<FutexScope>> futexes(const Medium& medium, Sides sides) const {
    if (!medium.has_futex) return {std::nullopt};
    std::vector<std::optional<FutexScope>> kinds;
    for (const auto kind : chosen(asked_.futexes, {FutexScope::one_process, FutexScope::processes})) {
      if (sides == Sides::threads || kind == FutexScope::processes) kinds.emplace_back(kind);
    }
    return kinds;
  }

  const Wish& wish_;
  const Axes& asked_;
  const Axes profile_;
  const std::vector<Sides> sides_;
  std::vector<Medium> media_;
  PlannedCases planned_;
};

std::size_t message_bytes_from(const std::string& item) {
  const auto bytes = whole_number_from(item, pairs::kWordBytes, pairs::kMaxMessageBytes);
  if (bytes % pairs::kWordBytes != 0) {
    throw std::invalid_argument(text("'", item, "' is not a multiple of ", pairs::kWordBytes));
  }
  return bytes;
}

double rate_from(const std::string& item) {
  double rate = 0;
  const auto [rest, error] = std::from_chars(item.data(), item.data() + item.size(), rate);
  const bool whole = error == std::errc() && rest == item.data() + item.size();
  if (!whole || !(rate >= 1 && rate <= 1e8)) {
    throw std::invalid_argument(text("'", item, "' is not a number of messages a second from 1 to 100000000"));
  }
  return rate;
}

bool touch_from(const std::string& item) {
  if (item != "yes" && item != "no") throw std::invalid_argument(text("'", item, "' is unknown; allowed: yes, no"));
  return item == "yes";
}

}  // namespace

std::vector<Axis> channel_axes() {
  return {
      list_axis<Sides>("--sides", "threads, processes", &Axes::sides, sides_from),
      list_axis<Pattern>("--pattern",
                         "ping_pong (round trips), stream (one way, as fast as it goes), open_loop (at --rate)",
                         &Axes::patterns, pattern_from),
      list_axis<std::size_t>("--message-bytes", "8 to 16Mi, multiples of 8", &Axes::message_bytes, message_bytes_from),
      list_axis<double>("--rate", "messages a second of open_loop", &Axes::rates, rate_from),
      list_axis<bool>("--touch", "yes: every byte is written by the sender and read by the receiver; no: none is",
                      &Axes::touches, touch_from),
      list_axis<FutexScope>("--futex", "private (threads only), shared; for channels that sleep on a futex",
                            &Axes::futexes, futex_from),
      list_axis<std::string>("--floor",
                             "what hardware and kernel allow at best, beside the channels: see mpmt list floors; all "
                             "(default), or none",
                             &Axes::floors, as_it_is)};
}

CaseFacts facts_of_pair(const Case& pair) {
  CaseFacts facts;
  facts.version = pairs::kVersion;
  facts.has_wait = false;
  if (!pair.pair.floor) facts.who = pair.pair.sides == Sides::processes ? Who::processes : Who::threads;
  const auto* const channel = pair.pair.floor ? nullptr : ipc::ChannelCatalog::instance().find(pair.channel);
  if (channel == nullptr) return facts;
  facts.has_wait = channel->has_wait;
  facts.max_payload_bytes = channel->max_payload_bytes;
  facts.copies_per_message = channel->copies_per_message;
  return facts;
}

PlannedCases plan_channels(const Wish& wish) {
  return Planner(wish).plan();
}

}  // namespace mpmt::benchmarks
