#include "benchmarks/families/pool_plan.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <set>

#include "base/shown.hpp"
#include "base/text.hpp"
#include "benchmarks/case/names.hpp"
#include "benchmarks/families/parts.hpp"

namespace mpmt::benchmarks {
namespace {

bool has_links(const ExecutorOffer& executor) {
  return executor.who != Who::neither;
}

bool can_use(const ExecutorOffer& executor, const ChannelOffer& channel) {
  return std::find(executor.channels.begin(), executor.channels.end(), channel.name) != executor.channels.end();
}

template <class Part>
std::string names_of(const std::vector<Part>& parts) {
  std::string names;
  for (const auto& part : parts) names.append(names.empty() ? "" : ", ").append(part.name);
  return names;
}

template <class Part>
bool has(const std::vector<Part>& parts, const std::string& name) {
  return std::any_of(parts.begin(), parts.end(), [&](const Part& part) { return part.name == name; });
}

class Planner {
 public:
  explicit Planner(const Wish& wish)
      : wish_(wish),
        asked_(wish.axes),
        offer_(wish.program.offer),
        profile_(pool_profile(wish.profile, wish.usable_cpus, offer_)),
        executors_(parts("--executor", &Offer::executors, asked_.executors, profile_.executors)),
        channels_(parts("--channel", &Offer::channels, asked_.channels, profile_.channels)) {
    std::erase_if(executors_, [&](const auto* executor) { return !can_run(*executor); });
    check_channels();
  }

  PlannedCases plan() {
    const auto workloads = parts("--workload", &Offer::workloads, asked_.workloads, profile_.workloads());
    check_waiting(workloads);
    for (const auto* workload : workloads) add(*workload);
    return std::move(planned_);
  }

 private:
  /// What was asked for under `option`, or the profile's choice; every name is offered, or `all` of them. What only
  /// another program has is left out with a note.
  template <class Part>
  std::vector<const Part*> parts(const std::string& option, std::vector<Part> Offer::*list,
                                 const std::vector<std::string>& asked, const std::vector<std::string>& otherwise) {
    const auto& offered = offer_.*list;
    std::vector<const Part*> found;
    for (const auto& part : offered) {
      if (asks_for_all(asked)) found.push_back(&part);
    }
    if (asks_for_all(asked)) return found;
    for (const auto& name : asked.empty() ? otherwise : asked) {
      const auto part = std::find_if(offered.begin(), offered.end(), [&](const Part& one) { return one.name == name; });
      if (part == offered.end()) {
        note_lack(option, list, name);
      } else if (std::find(found.begin(), found.end(), &*part) == found.end()) {
        found.push_back(&*part);
      }
    }
    return found;
  }

  template <class Part>
  void note_lack(const std::string& option, std::vector<Part> Offer::*list, const std::string& name) {
    std::string known = names_of(offer_.*list);
    bool elsewhere = false;
    for (const auto& other : wish_.programs) {
      if (other.name == wish_.program.name) continue;
      elsewhere |= has(other.offer.*list, name);
      known += text("; of ", other.called(), ": ", names_of(other.offer.*list));
    }
    if (!elsewhere) throw UsageError(text(option, ": '", shown(name), "' is unknown; known: all, ", known));
    planned_.note(text("unsupported: ", wish_.program.called(), " has no '", name, "' (", option, ")"));
  }

  bool can_run(const ExecutorOffer& executor) {
    if (executor.unsupported.empty()) return true;
    planned_.note(text("unsupported: ", executor.name, " of ", wish_.program.called(), ": ", executor.unsupported));
    return false;
  }

  /// What cannot be measured is the user's mistake, unless another program can.
  void refuse(const std::string& why) {
    if (wish_.programs.size() == 1) throw UsageError(why);
    planned_.note(text("unsupported: ", wish_.program.called(), ": ", why));
  }

  /// A channel or an executor that was named and can be used with nothing named beside it would be dropped silently.
  void check_channels() {
    const auto linked = [](const auto* executor) { return has_links(*executor); };
    if (!asked_.channels.empty() && std::none_of(executors_.begin(), executors_.end(), linked)) {
      refuse("--channel: none of the chosen executors uses a channel");
    }
    for (const auto* executor : executors_) {
      const bool dropped = has_links(*executor) && usable(*executor).empty();
      if (dropped && !asks_for_all(asked_.executors)) refuse_channels(*executor);
    }
    for (const auto* channel : channels_) {
      const auto takes_it = [&](const auto* executor) { return has_links(*executor) && can_use(*executor, *channel); };
      if (asks_by_name(asked_.channels) && std::none_of(executors_.begin(), executors_.end(), takes_it)) {
        refuse(text("--channel: '", channel->name, "' cannot be used by any of the chosen executors"));
      }
    }
  }

  /// A share of waiting that a named workload does not take would be dropped silently; `all` of them are measured with
  /// and without it.
  void check_waiting(const std::vector<const WorkloadOffer*>& workloads) {
    const auto takes_it = [](const auto* workload) { return workload->takes_waiting; };
    const auto taken = std::count_if(workloads.begin(), workloads.end(), takes_it);
    if (asked_.waitings.empty() || taken == std::ssize(workloads)) return;
    if (taken > 0 && !asks_by_name(asked_.workloads)) return;
    const auto other = std::find_if_not(workloads.begin(), workloads.end(), takes_it);
    refuse(text("--waiting: '", (*other)->name, "' takes none; workloads that take it: ", names_of_waiting()));
  }

  std::string names_of_waiting() const {
    std::vector<WorkloadOffer> those;
    for (const auto& workload : offer_.workloads) {
      if (workload.takes_waiting) those.push_back(workload);
    }
    return those.empty() ? "none" : names_of(those);
  }

  void refuse_channels(const ExecutorOffer& executor) {
    std::string allowed;
    for (const auto& channel : executor.channels) allowed.append(allowed.empty() ? "" : ", ").append(channel);
    const auto asked = channels_.empty() ? asked_.channels.front() : channels_.front()->name;
    refuse(text("--channel: '", asked, "' cannot be used by ", executor.name, "; it can use: ", allowed));
  }

  std::vector<const ChannelOffer*> usable(const ExecutorOffer& executor) const {
    std::vector<const ChannelOffer*> found;
    for (const auto* channel : channels_) {
      if (can_use(executor, *channel)) found.push_back(channel);
    }
    return found;
  }

  std::vector<std::uint64_t> grains(const WorkloadOffer& workload, const Axes& usual, Case made) {
    std::vector<std::uint64_t> values;
    if (const auto* const alone = offer_.baseline()) made.executor = alone->name;
    made.program = wish_.program.name;
    made.facts = facts_in(offer_, made);
    made.batch = chosen(asked_.batches, usual.batches).front();
    made.placement = chosen(asked_.placements, usual.placements).front();
    for (const auto& grain : asked_.grains.empty() ? usual.grains : asked_.grains) {
      const auto* const time = std::get_if<TimeWish>(&grain);
      if (time == nullptr) {
        values.push_back(std::get<std::uint64_t>(grain));
      } else if (workload.unit) {
        values.push_back(static_cast<std::uint64_t>(std::max<std::int64_t>(1, time->time / *workload.unit)));
      } else if (workload.grain_scales && !made.executor.empty()) {
        values.push_back(wish_.calibrate(made, *time));
      } else if (asks_by_name(asked_.workloads)) {
        throw UsageError(
            text("--grain: the cost of '", workload.name, "' does not depend on its grain; give an integer"));
      } else {
        planned_.note(
            text(workload.name, " is left out at a grain given as a time: its cost does not depend on its grain"));
      }
    }
    return chosen(values, {});
  }

  void add(const WorkloadOffer& workload) {
    const auto row = profile_.row_of(workload);
    const auto& usual = row.axes;
    long_task_ = row.long_task;
    for (const auto payload : chosen(asked_.payloads, usual.payloads)) {
      if (payload < workload.minimum_payload) {
        const auto why =
            text("'", workload.name, "' needs at least ", workload.minimum_payload, " bytes; got ", payload);
        if (asks_by_name(asked_.workloads)) {
          refuse("--payload: " + why);
        } else {
          planned_.note(text(workload.name, " is left out: ", why));
        }
        continue;
      }
      for (const auto waiting : waitings(workload, usual)) add_grains(workload, usual, payload, waiting);
    }
  }

  /// Of a workload that takes none: none.
  std::vector<std::optional<int>> waitings(const WorkloadOffer& workload, const Axes& usual) const {
    if (!workload.takes_waiting) return {std::nullopt};
    const auto percents = chosen(asked_.waitings, usual.waitings);
    return {percents.begin(), percents.end()};
  }

  void add_grains(const WorkloadOffer& workload, const Axes& usual, std::size_t payload, std::optional<int> waiting) {
    Case made;
    made.workload = workload.name;
    made.payload_bytes = payload;
    made.waiting_percent = waiting;
    for (const auto grain : grains(workload, usual, made)) {
      for (const auto batch : chosen(asked_.batches, usual.batches)) {
        made.grain = grain;
        made.batch = batch;
        add_placements(usual, made);
      }
    }
  }

  void add_placements(const Axes& usual, Case made) {
    for (const auto placement : chosen(asked_.placements, usual.placements)) {
      made.placement = placement;
      bool first = true;
      for (const auto window : chosen(asked_.windows, usual.windows)) {
        for (const auto wait : chosen(asked_.waits, usual.waits)) {
          // A case without links has neither window nor wait: it joins the first group of its parameters.
          add_group(usual, made, window, wait, first);
          first = false;
        }
      }
    }
  }

  void add_group(const Axes& usual, Case made, std::size_t window, executors::Wait wait, bool with_serial) {
    wish_.step();
    const auto group = text(made.workload, "/grain:", made.grain,
                            made.waiting_percent ? "/waiting:" + text(*made.waiting_percent) : "",
                            "/batch:", made.batch, "/payload:", made.payload_bytes, "/window:", window,
                            "/placement:", text_of(made.placement), "/wait:", text_of(wait));
    for (const auto* executor : executors_) {
      made.executor = executor->name;
      if (!has_links(*executor)) {
        made.channel.clear();
        made.workers = 1;
        if (with_serial) add_case(made, group);
        continue;
      }
      made.window = window;
      made.wait = wait;
      for (const auto* channel : usable(*executor)) {
        if (!tells(*channel, made) || !carries(*channel, made)) continue;
        made.channel = channel->name;
        for (const int workers : chosen(asked_.workers, usual.workers)) {
          made.workers = workers;
          add_case(made, group);
        }
      }
    }
  }

  void add_case(Case made, const std::string& group) {
    made.facts = facts_in(offer_, made);
    if (!made.facts.has_window) made.window = Case().window;
    if (!made.facts.has_wait) made.wait = Case().wait;
    const bool repeats = !made.facts.has_window || !made.facts.has_wait;
    if (repeats && !names_.insert(made.name_in_any_program()).second) return;
    planned_.cases.push_back({made, group, group});
  }

  /// Whether the channel was asked for, or is one that the profile has for tasks of this grain.
  bool tells(const ChannelOffer& channel, const Case& made) {
    const auto& few = profile_.channels_of_long_tasks;
    if (!asked_.channels.empty() || made.grain < long_task_) return true;
    if (std::find(few.begin(), few.end(), channel.name) != few.end()) return true;
    planned_.note(
        "long tasks are measured over the cheapest, the usual and the dearest channel only; --channel all: over every "
        "one");
    return false;
  }

  /// Whether the channel takes the case's messages. What the user asked for and cannot be had is an error; what only
  /// the profile wants is left out with a note.
  bool carries(const ChannelOffer& channel, const Case& made) {
    const std::size_t tasks = std::max<std::uint64_t>(1, made.batch);
    if (made.payload_bytes <= channel.max_payload_bytes / tasks) return true;
    const auto why = text(made.payload_bytes, " bytes × batch ", tasks, " is more than ", channel.name,
                          " carries in a message: ", channel.max_payload_bytes, " bytes");
    const bool asked_for = !asked_.payloads.empty() || !asked_.batches.empty();
    if (asked_for && !asks_for_all(asked_.channels)) {
      refuse("--payload: " + why);
    } else {
      planned_.note(text(made.workload, " over ", channel.name, " is left out: ", why));
    }
    return false;
  }

  const Wish& wish_;
  const Axes& asked_;
  const Offer& offer_;
  PlannedCases planned_;
  const PoolProfile profile_;
  std::vector<const ExecutorOffer*> executors_;
  std::vector<const ChannelOffer*> channels_;
  std::set<std::string> names_;  ///< of cases that have no window, or no wait: planned once
  std::uint64_t long_task_ = 0;  ///< of the workload that is being planned
};

Grain grain_from(const std::string& item) {
  const bool roughly = item.starts_with('~');
  const auto wish = roughly ? item.substr(1) : item;
  if (roughly || reads_as_time(wish)) return TimeWish{time_from(wish), roughly};
  try {
    return whole_number_from(item, 1, std::uint64_t{1} << 40);
  } catch (const std::invalid_argument& wrong) {
    throw std::invalid_argument(text(wrong.what(), "; nor is it a time in ns, us, ms or s, such as 50us"));
  }
}

int waiting_from(const std::string& item) {
  return percent_from(item, 0, workloads::kMostWaitingPercent);
}

std::uint64_t batch_from(const std::string& item) {
  return item == "split" ? 0 : whole_number_from(item, 1, std::uint64_t{1} << 32);
}

}  // namespace

std::vector<Axis> pool_axes() {
  return {
      list_axis<std::string>("--workload", "what a task does: see mpmt list workloads; or all", &Axes::workloads,
                             as_it_is),
      list_axis<std::string>("--executor", "who runs the tasks: see mpmt list executors; or all", &Axes::executors,
                             as_it_is),
      list_axis<int>("--workers", "threads or processes", &Axes::workers, integer<int>(1, 4096)),
      list_axis<Grain>(
          "--grain",
          "size of a task: in the workload's unit, or as a time, which is calibrated: 100us, or ~100us for "
          "the round number next to it",
          &Axes::grains, grain_from),
      list_axis<std::uint64_t>("--batch", "tasks per message; split = a block's tasks / workers", &Axes::batches,
                               batch_from),
      list_axis<std::size_t>("--payload", "bytes that travel with each task, each way", &Axes::payloads,
                             integer<std::size_t>(0, std::size_t{1} << 40)),
      list_axis<int>("--waiting", "share of a task that waits, 0% to 99%, where its workload takes one (mixed_wait)",
                     &Axes::waitings, waiting_from)};
}

PlannedCases plan_pools(const Wish& wish) {
  return Planner(wish).plan();
}

}  // namespace mpmt::benchmarks
