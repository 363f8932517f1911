#include "benchmarks/families/pool_plan.hpp"

#include "base/shown.hpp"
#include "base/text.hpp"
#include "benchmarks/case/names.hpp"
#include "benchmarks/families/parts.hpp"

namespace mpmt::benchmarks {
namespace {

bool can_use(const executors::Description& executor, const ipc::Description& channel) {
  return executor.sides == ipc::Sides::threads ? channel.between_threads : channel.between_processes;
}

/// What was asked for under `option`, or the profile's choice; every name is in the catalogue, or `all` of it.
template <class Part>
std::vector<const Part*> parts(const std::string& option, const std::vector<std::string>& asked,
                               const std::vector<std::string>& otherwise) {
  std::vector<const Part*> found;
  const auto& catalog = Catalog<Part>::instance();
  for (const auto& name : asks_for_all(asked) ? all_names<Part>() : asked.empty() ? otherwise : asked) {
    const Part* const part = catalog.find(name);
    if (part == nullptr) {
      throw UsageError(text(option, ": '", shown(name), "' is unknown; known: all, ", catalog.names()));
    }
    if (std::find(found.begin(), found.end(), part) == found.end()) found.push_back(part);
  }
  return found;
}

class Planner {
 public:
  explicit Planner(const Wish& wish)
      : wish_(wish),
        asked_(wish.axes),
        profile_(pool_profile(wish.profile, wish.usable_cpus)),
        executors_(parts<executors::Description>("--executor", asked_.executors, profile_.executors)),
        channels_(parts<ipc::Description>("--channel", asked_.channels, profile_.channels)) {
    check_channels();
  }

  PlannedCases plan() {
    const auto workloads = parts<workloads::Description>("--workload", asked_.workloads, profile_.workloads());
    for (const auto* workload : workloads) add(*workload);
    return std::move(planned_);
  }

 private:
  /// A channel or an executor that was named and can be used with nothing named beside it would be dropped silently.
  void check_channels() const {
    const auto linked = [](const auto* executor) { return executor->uses_channel; };
    if (!asked_.channels.empty() && std::none_of(executors_.begin(), executors_.end(), linked)) {
      throw UsageError("--channel: none of the chosen executors uses a channel");
    }
    for (const auto* executor : executors_) {
      const bool dropped = executor->uses_channel && usable(*executor).empty();
      if (dropped && !asks_for_all(asked_.executors)) refuse_channels(*executor);
    }
    for (const auto* channel : channels_) {
      const auto takes_it = [&](const auto* executor) {
        return executor->uses_channel && can_use(*executor, *channel);
      };
      if (asks_by_name(asked_.channels) && std::none_of(executors_.begin(), executors_.end(), takes_it)) {
        throw UsageError(text("--channel: '", channel->name, "' cannot be used by any of the chosen executors"));
      }
    }
  }

  [[noreturn]] void refuse_channels(const executors::Description& executor) const {
    std::string allowed;
    for (const auto& channel : ipc::ChannelCatalog::instance().all()) {
      if (can_use(executor, channel)) allowed.append(allowed.empty() ? "" : ", ").append(channel.name);
    }
    throw UsageError(text("--channel: '", channels_.front()->name, "' cannot be used by ", executor.name,
                          "; it can use: ", allowed));
  }

  std::vector<const ipc::Description*> usable(const executors::Description& executor) const {
    std::vector<const ipc::Description*> found;
    for (const auto* channel : channels_) {
      if (can_use(executor, *channel)) found.push_back(channel);
    }
    return found;
  }

  std::vector<std::uint64_t> grains(const workloads::Description& workload, const Axes& usual, Case made) {
    std::vector<std::uint64_t> values;
    made.executor = "serial";
    made.batch = chosen(asked_.batches, usual.batches).front();
    made.placement = chosen(asked_.placements, usual.placements).front();
    for (const auto& grain : asked_.grains.empty() ? usual.grains : asked_.grains) {
      const auto* const time = std::get_if<TimeWish>(&grain);
      if (time == nullptr) {
        values.push_back(std::get<std::uint64_t>(grain));
      } else if (workload.grain_scales) {
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

  void add(const workloads::Description& workload) {
    const auto row = profile_.row_of(workload.name);
    const auto& usual = row.axes;
    long_task_ = row.long_task;
    for (const auto payload : chosen(asked_.payloads, usual.payloads)) {
      if (payload < workload.minimum_payload) {
        const auto why =
            text("'", workload.name, "' needs at least ", workload.minimum_payload, " bytes; got ", payload);
        if (asks_by_name(asked_.workloads)) throw UsageError("--payload: " + why);
        planned_.note(text(workload.name, " is left out: ", why));
        continue;
      }
      Case made;
      made.workload = workload.name;
      made.payload_bytes = payload;
      for (const auto grain : grains(workload, usual, made)) {
        for (const auto batch : chosen(asked_.batches, usual.batches)) {
          made.grain = grain;
          made.batch = batch;
          add_placements(usual, made);
        }
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
    const auto group =
        text(made.workload, "/grain:", made.grain, "/batch:", made.batch, "/payload:", made.payload_bytes,
             "/window:", window, "/placement:", text_of(made.placement), "/wait:", text_of(wait));
    for (const auto* executor : executors_) {
      made.executor = executor->name;
      if (!executor->uses_channel) {
        made.channel.clear();
        made.workers = 1;
        if (with_serial) planned_.cases.push_back({made, group, group});
        continue;
      }
      made.window = window;
      made.wait = wait;
      for (const auto* channel : usable(*executor)) {
        if (!tells(*channel, made) || !carries(*channel, made)) continue;
        made.channel = channel->name;
        for (const int workers : chosen(asked_.workers, usual.workers)) {
          made.workers = workers;
          planned_.cases.push_back({made, group, group});
        }
      }
    }
  }

  /// Whether the channel was asked for, or is one that the profile has for tasks of this grain.
  bool tells(const ipc::Description& channel, const Case& made) {
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
  bool carries(const ipc::Description& channel, const Case& made) {
    const std::size_t tasks = std::max<std::uint64_t>(1, made.batch);
    if (made.payload_bytes <= channel.max_payload_bytes / tasks) return true;
    const auto why = text(made.payload_bytes, " bytes × batch ", tasks, " is more than ", channel.name,
                          " carries in a message: ", channel.max_payload_bytes, " bytes");
    const bool asked_for = !asked_.payloads.empty() || !asked_.batches.empty();
    if (asked_for && !asks_for_all(asked_.channels)) throw UsageError("--payload: " + why);
    planned_.note(text(made.workload, " over ", channel.name, " is left out: ", why));
    return false;
  }

  const Wish& wish_;
  const Axes& asked_;
  const PoolProfile profile_;
  const std::vector<const executors::Description*> executors_;
  const std::vector<const ipc::Description*> channels_;
  std::uint64_t long_task_ = 0;  ///< of the workload that is being planned
  PlannedCases planned_;
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

std::uint64_t batch_from(const std::string& item) {
  return item == "split" ? 0 : whole_number_from(item, 1, std::uint64_t{1} << 32);
}

}  // namespace

std::vector<Axis> pool_axes() {
  return {list_axis<std::string>("--workload", "what a task does: see mpmt list workloads; or all", &Axes::workloads,
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
                                 integer<std::size_t>(0, std::size_t{1} << 40))};
}

PlannedCases plan_pools(const Wish& wish) {
  return Planner(wish).plan();
}

}  // namespace mpmt::benchmarks
