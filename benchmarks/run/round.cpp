#include "benchmarks/run/round.hpp"

#include <algorithm>
#include <memory>
#include <numeric>
#include <utility>

#include "base/clock.hpp"

namespace mpmt::benchmarks {
namespace {

/// Long enough for ticks of 10 ms to tell something.
constexpr std::chrono::milliseconds kStretch{100};

class Runner {
 public:
  Runner(const std::vector<Entrant>& entrants, std::mt19937_64& random, LoadMeter& load, Interrupt& interrupt)
      : entrants_(entrants), random_(random), load_(load), round_{} {
    round_.entrants.resize(entrants.size());
    order_.resize(entrants.size());
    std::iota(order_.begin(), order_.end(), std::size_t{0});
    std::shuffle(order_.begin(), order_.end(), random_);
    trials_.resize(entrants.size());
    const auto start = Clock::now();
    const auto is_own = [](const Entrant& entrant) { return !entrant.launch.kept; };
    auto started = start_own_trials(static_cast<std::size_t>(std::count_if(entrants.begin(), entrants.end(), is_own)));
    for (const auto i : order_) {
      if (!is_own(entrants[i])) started.push_back(start_kept_trial(entrants[i].launch.command));
      trials_[i] = std::make_unique<TrialProcess>(std::move(started.back()), entrants[i].assignment, interrupt);
      started.pop_back();
    }
    for (const auto i : order_) trials_[i]->wait_until_ready();
    round_.beside_s += seconds_since(start);
  }

  Round run(int laps, bool warm_up) {
    const auto start = Clock::now();
    if (warm_up) lap(false);
    int missing = laps;
    while (missing > 0 && anybody()) {
      const auto before = sample();
      const int done = stretch(missing);
      const auto load = load_.since(before, cpu_time());
      if (!load.disturbance().empty() && 2 * (round_.dropped + done) <= laps && anybody()) {
        round_.dropped += done;
        forget(done);
        continue;
      }
      round_.load += load;
      missing -= done;
    }
    round_.laps_s = seconds_since(start);
    end();
    return std::move(round_);
  }

 private:
  bool anybody() const {
    return std::any_of(trials_.begin(), trials_.end(), [](const auto& trial) { return !trial->failed(); });
  }

  /// Laps until they tell something of the load, or there are enough; returns how many.
  int stretch(int most) {
    const auto start = Clock::now();
    int done = 0;
    while (done < most && anybody()) {
      lap(true);
      ++done;
      if (Clock::now() - start >= kStretch) break;
    }
    return done;
  }

  void lap(bool counts) {
    std::shuffle(order_.begin(), order_.end(), random_);
    for (const auto i : order_) {
      if (trials_[i]->failed()) continue;
      Order order = entrants_[i].order;
      order.latencies = counts;
      const auto block = trials_[i]->run_block(order);
      if (block && counts) round_.entrants[i].laps.push_back(*block);
    }
  }

  void forget(int laps) {
    for (auto& entrant : round_.entrants) {
      entrant.laps.resize(entrant.laps.size() - std::min(entrant.laps.size(), static_cast<std::size_t>(laps)));
    }
  }

  LoadSample sample() const { return load_.sample(cpu_time()); }

  Nanoseconds cpu_time() const {
    Nanoseconds total{0};
    for (const auto& trial : trials_) total += trial->cpu_time();
    return total;
  }

  void end() {
    const auto start = Clock::now();
    for (const auto i : order_) trials_[i]->tell_to_end();
    for (const auto i : order_) trials_[i]->end();
    for (std::size_t i = 0; i < trials_.size(); ++i) round_.entrants[i].trial = trials_[i]->result();
    trials_.clear();
    round_.beside_s += seconds_since(start);
  }

  const std::vector<Entrant>& entrants_;
  std::mt19937_64& random_;
  LoadMeter& load_;
  Round round_;
  std::vector<std::size_t> order_;
  std::vector<std::unique_ptr<TrialProcess>> trials_;
};

}  // namespace

bool Round::interrupted() const {
  return std::any_of(entrants.begin(), entrants.end(), [](const auto& ran) { return ran.trial.interrupted; });
}

Round run_round(const std::vector<Entrant>& entrants, int laps, bool warm_up, std::mt19937_64& random, LoadMeter& load,
                Interrupt& interrupt) {
  return Runner(entrants, random, load, interrupt).run(laps, warm_up);
}

}  // namespace mpmt::benchmarks
