#include "benchmarks/plan/plan.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "base/shown.hpp"
#include "base/text.hpp"
#include "benchmarks/plan/filter.hpp"

namespace mpmt::benchmarks {
namespace {

using executors::ExecutorCatalog;
using ipc::ChannelCatalog;
using workloads::WorkloadCatalog;

bool can_use(const executors::Description& executor, const ipc::Description& channel) {
  return executor.sides == ipc::Sides::threads ? channel.between_threads : channel.between_processes;
}

/// What was asked for under `option`, or the profile's choice; every name is in the catalogue, or `all` of it.
template <class Part>
std::vector<const Part*> parts(const std::string& option, const std::vector<std::string>& asked,
                               const std::vector<std::string_view>& otherwise) {
  std::vector<const Part*> found;
  const auto& catalog = Catalog<Part>::instance();
  auto names = asked.empty() ? std::vector<std::string>(otherwise.begin(), otherwise.end()) : asked;
  if (asks_for_all(asked)) {
    names.clear();
    for (const auto& part : catalog.all()) names.emplace_back(part.name);
  }
  for (const auto& name : names) {
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
  Planner(const RunOptions& options, const Profile& profile, const CalibrateGrain& calibrate,
          const std::function<void()>& step)
      : options_(options),
        profile_(profile),
        calibrate_(calibrate),
        step_(step),
        executors_(parts<executors::Description>("--executor", options.executors, profile.executors)),
        channels_(parts<ipc::Description>("--channel", options.channels, profile.channels)) {
    check_pairs();
  }

  Plan plan() {
    std::vector<std::string_view> listed;
    for (const auto& row : profile_.rows) listed.push_back(row.workload);
    for (const auto* workload : parts<workloads::Description>("--workload", options_.workloads, listed)) add(*workload);
    return std::move(plan_);
  }

 private:
  /// A channel or an executor that was named and can be used with nothing named beside it would be dropped silently.
  void check_pairs() const {
    const auto linked = [](const auto* executor) { return executor->uses_channel; };
    if (!options_.channels.empty() && std::none_of(executors_.begin(), executors_.end(), linked)) {
      throw UsageError("--channel: none of the chosen executors uses a channel");
    }
    for (const auto* executor : executors_) {
      const bool dropped = executor->uses_channel && usable(*executor).empty();
      if (dropped && !asks_for_all(options_.executors)) refuse_pair(*executor);
    }
    for (const auto* channel : channels_) {
      const auto takes_it = [&](const auto* executor) {
        return executor->uses_channel && can_use(*executor, *channel);
      };
      if (named(options_.channels) && std::none_of(executors_.begin(), executors_.end(), takes_it)) {
        throw UsageError(text("--channel: '", channel->name, "' cannot be used by any of the chosen executors"));
      }
    }
  }

  [[noreturn]] void refuse_pair(const executors::Description& executor) const {
    std::string allowed;
    for (const auto& channel : ChannelCatalog::instance().all()) {
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

  /// Whether these names were given one by one: then what does not fit is refused, else it is left out.
  static bool named(const std::vector<std::string>& names) { return !names.empty() && !asks_for_all(names); }

  void leave_out(const std::string& note) {
    if (std::find(plan_.notes.begin(), plan_.notes.end(), note) == plan_.notes.end()) plan_.notes.push_back(note);
  }

  std::vector<std::uint64_t> grains(const workloads::Description& workload, const ProfileRow& row, Case made) {
    std::vector<std::uint64_t> values;
    made.executor = "serial";
    made.batch = chosen(options_.batches, row.batches).front();
    made.placement = chosen(options_.placements, row.placements).front();
    for (const auto& asked : options_.grains) {
      const auto* const wish = std::get_if<TimeWish>(&asked);
      if (wish == nullptr) {
        values.push_back(std::get<std::uint64_t>(asked));
      } else if (workload.grain_scales) {
        values.push_back(calibrate_(made, *wish));
      } else if (named(options_.workloads)) {
        throw UsageError(
            text("--grain: the cost of '", workload.name, "' does not depend on its grain; give an integer"));
      } else {
        leave_out(
            text(workload.name, " is left out at a grain given as a time: its cost does not depend on its grain"));
      }
    }
    return chosen(options_.grains.empty() ? row.grains : values, {});
  }

  void add(const workloads::Description& workload) {
    const auto row = row_of(profile_, workload.name);
    for (const auto payload : chosen(options_.payloads, row.payloads)) {
      if (payload < workload.minimum_payload) {
        const auto why =
            text("'", workload.name, "' needs at least ", workload.minimum_payload, " bytes; got ", payload);
        if (named(options_.workloads)) throw UsageError("--payload: " + why);
        leave_out(text(workload.name, " is left out: ", why));
        continue;
      }
      Case made;
      made.workload = workload.name;
      made.payload_bytes = payload;
      for (const auto grain : grains(workload, row, made)) {
        for (const auto batch : chosen(options_.batches, row.batches)) {
          made.grain = grain;
          made.batch = batch;
          add_placements(row, made);
        }
      }
    }
  }

  void add_placements(const ProfileRow& row, Case made) {
    for (const auto placement : chosen(options_.placements, row.placements)) {
      made.placement = placement;
      bool first = true;
      for (const auto window : chosen(options_.windows, row.windows)) {
        for (const auto wait : chosen(options_.waits, row.waits)) {
          // A case without links has neither window nor wait: it joins the first group of its parameters.
          add_group(row, made, window, wait, first);
          first = false;
        }
      }
    }
  }

  void add_group(const ProfileRow& row, Case made, std::size_t window, executors::Wait wait, bool with_serial) {
    step_();
    const auto group =
        text(made.workload, "/grain:", made.grain, "/batch:", made.batch, "/payload:", made.payload_bytes,
             "/window:", window, "/placement:", text_of(made.placement), "/wait:", text_of(wait));
    for (const auto* executor : executors_) {
      made.executor = executor->name;
      if (!executor->uses_channel) {
        made.channel.clear();
        made.workers = 1;
        if (with_serial) plan_.cases.push_back({made, group, group});
        continue;
      }
      made.window = window;
      made.wait = wait;
      for (const auto* channel : usable(*executor)) {
        if (!carries(*channel, made)) continue;
        made.channel = channel->name;
        for (const int workers : chosen(options_.workers, row.workers)) {
          made.workers = workers;
          plan_.cases.push_back({made, group, group});
        }
      }
    }
  }

  /// Whether the channel takes the case's messages. What the user asked for and cannot be had is an error; what only
  /// the profile wants is left out with a note.
  bool carries(const ipc::Description& channel, const Case& made) {
    const std::size_t tasks = std::max<std::uint64_t>(1, made.batch);
    if (made.payload_bytes <= channel.max_payload_bytes / tasks) return true;
    const auto why = text(made.payload_bytes, " bytes × batch ", tasks, " is more than ", channel.name,
                          " carries in a message: ", channel.max_payload_bytes, " bytes");
    const bool asked_for = !options_.payloads.empty() || !options_.batches.empty();
    if (asked_for && !asks_for_all(options_.channels)) throw UsageError("--payload: " + why);
    leave_out(text(made.workload, " over ", channel.name, " is left out: ", why));
    return false;
  }

  const RunOptions& options_;
  const Profile& profile_;
  const CalibrateGrain& calibrate_;
  const std::function<void()>& step_;
  std::vector<const executors::Description*> executors_;
  std::vector<const ipc::Description*> channels_;
  Plan plan_;
};

void keep_matching(std::vector<PlannedCase>& cases, const std::string& filter, const std::function<void()>& step) {
  const Filter wanted(filter);
  std::erase_if(cases, [&](const auto& planned) {
    step();
    return !wanted.keeps(planned.measured.name());
  });
}

std::map<std::string, std::vector<const Case*>> members_by(const std::vector<PlannedCase>& cases,
                                                           std::string PlannedCase::*key) {
  std::map<std::string, std::vector<const Case*>> members;
  for (const auto& planned : cases) members[planned.*key].push_back(&planned.measured);
  return members;
}

/// Each contender that runs tasks behind a link, twice: nothing differs but the label.
std::vector<PlannedCase> twins_of(const std::vector<PlannedCase>& cases) {
  std::vector<PlannedCase> twins;
  for (auto planned : cases) {
    if (who_runs(planned.measured) == Who::neither) continue;
    for (const auto* label : {"A", "B"}) {
      planned.measured.label = label;
      twins.push_back(planned);
    }
  }
  return twins;
}

/// An option of the other family would be dropped silently.
void check_family(const RunOptions& options) {
  const auto refuse = [&](std::string_view option, bool given) {
    if (given) throw UsageError(text(option, ": means nothing with --family ", text_of(options.family)));
  };
  if (options.family == Family::channel) {
    refuse("--workload", !options.workloads.empty());
    refuse("--executor", !options.executors.empty());
    refuse("--workers", !options.workers.empty());
    refuse("--grain", !options.grains.empty());
    refuse("--batch", !options.batches.empty());
    refuse("--payload", !options.payloads.empty());
    return;
  }
  refuse("--sides", !options.sides.empty());
  refuse("--pattern", !options.patterns.empty());
  refuse("--message-bytes", !options.message_bytes.empty());
  refuse("--futex", !options.futexes.empty());
  refuse("--touch", !options.touches.empty());
  refuse("--rate", !options.rates.empty());
  refuse("--no-floors", options.no_floors);
}

/// A block of many tasks may be so much shorter: more laps in the time, and the same ratios (docs/methodology.md).
constexpr int kShorter = 3;

}  // namespace

Plan make_plan(const RunOptions& options, const Profile& profile, std::uint64_t seed, const CalibrateGrain& calibrate,
               const std::function<void()>& step) {
  check_family(options);
  Plan plan;
  if (options.family == Family::channel) {
    plan.cases = plan_exchanges(options, profile.exchanges, plan.notes, step);
    plan.block = profile.exchanges.block;
  } else {
    plan = Planner(options, profile, calibrate, step).plan();
    plan.block = profile.block;
  }
  plan.short_block = options.block.value_or(plan.block / kShorter);
  plan.block = options.block.value_or(plan.block);
  plan.rounds = options.rounds;
  plan.laps = options.laps;
  if (options.min_blocks && !options.laps) plan.laps = *options.min_blocks;
  if (options.min_time_s && !options.laps) {
    const double blocks = *options.min_time_s / std::chrono::duration<double>(plan.block).count();
    plan.laps = std::max(1, static_cast<int>(std::ceil(blocks)));
  }
  plan.budget_s = options.budget_s.value_or(profile.budget_s);
  plan.seed = seed;
  keep_matching(plan.cases, options.filter, step);
  if (options.twins) plan.cases = twins_of(plan.cases);
  plan.groups = groups_of(plan.cases, step);
  return plan;
}

std::size_t Plan::rows() const {
  std::size_t count = 0;
  for (const auto& group : groups) count += group.rows.size();
  return count;
}

std::map<std::string, std::vector<const Case*>> Plan::comparable() const& {
  return members_by(cases, &PlannedCase::group);
}

std::map<std::string, std::vector<const Case*>> Plan::blocks() const& {
  return members_by(cases, &PlannedCase::block);
}

bool asks_for_all(const std::vector<std::string>& names) {
  return std::find(names.begin(), names.end(), kAll) != names.end();
}

std::uint64_t divides_of(const std::vector<const Case*>& group) {
  std::uint64_t step = 1;
  if (group.front()->is_exchange()) return step;
  for (const Case* member : group) step = std::lcm(step, static_cast<std::uint64_t>(member->workers));
  return step * std::max<std::uint64_t>(1, group.front()->batch);
}

bool channel_carries(const Case& measured, std::uint64_t tasks) {
  if (!measured.has_links() || measured.is_exchange()) return true;
  return measured.payload_bytes <=
         ChannelCatalog::instance().find(measured.channel)->max_payload_bytes / measured.batch_in(tasks);
}

}  // namespace mpmt::benchmarks
