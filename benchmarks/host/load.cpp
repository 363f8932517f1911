#include "benchmarks/host/load.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <map>
#include <numeric>
#include <sstream>
#include <system_error>

#include "base/proc_text.hpp"
#include "base/text.hpp"

namespace mpmt::benchmarks {
namespace {

constexpr const char* kStat = "/proc/stat";
/// /proc/stat's columns that count here: user, nice, system, idle, iowait, irq, softirq, steal.
constexpr std::size_t kColumns = 8;
/// Ticks that have not moved for so long stand still.
constexpr std::chrono::milliseconds kStandsStill{100};
constexpr double kMostShare = 0.05;
constexpr double kLeastNs = 30e6;
constexpr double kDeviations = 3;

StatReading unbelievable(const std::string& why) {
  return {std::nullopt, text(kStat, " ", why)};
}

/// The numbers at the beginning of a line, kColumns at most.
std::vector<std::int64_t> numbers_in(std::istream& line) {
  std::vector<std::int64_t> numbers;
  for (std::int64_t number = 0; numbers.size() < kColumns && line >> number && number >= 0;) numbers.push_back(number);
  return numbers;
}

/// The numbers of each line "cpuN", by its label.
std::map<std::string, std::vector<std::int64_t>> lines_of_cpus(const std::string& contents) {
  std::map<std::string, std::vector<std::int64_t>> found;
  std::istringstream lines(contents);
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind("cpu", 0) != 0) continue;
    std::istringstream words(line);
    std::string label;
    words >> label;
    found.try_emplace(label, numbers_in(words));
  }
  return found;
}

std::string contents_of_stat() {
  errno = 0;
  std::ifstream file(kStat);
  std::string contents{std::istreambuf_iterator<char>(file), {}};
  if (!file.is_open()) throw std::system_error(errno, std::generic_category(), kStat);
  return contents;
}

std::int64_t cpu_ns(int who) {
  rusage used{};
  ::getrusage(who, &used);
  const auto total = [](const timeval& time) {
    return time.tv_sec * std::int64_t{1'000'000'000} + time.tv_usec * 1000;
  };
  return total(used.ru_utime) + total(used.ru_stime);
}

std::vector<int> own_affinity() {
  try {
    return affinity_of(0);
  } catch (const std::system_error&) {
    return {};
  }
}

LoadSample sample_of(const std::vector<int>& cpus, Nanoseconds living) {
  LoadSample sample{Clock::now(), {}, cpu_ns(RUSAGE_SELF) + cpu_ns(RUSAGE_CHILDREN) + living.count(), own_affinity()};
  try {
    sample.stat = read_stat(contents_of_stat(), cpus);
  } catch (const std::system_error& failure) {
    sample.stat = unbelievable("cannot be read: " + failure.code().message());
  }
  return sample;
}

bool stands_still(const LoadSample& from, const LoadSample& to) {
  return to.when - from.when >= kStandsStill && to.stat.ticks->all <= from.stat.ticks->all;
}

/// Why nothing is known of what others did; empty when it is known.
std::string unknown_because(const LoadSample& start, const LoadSample& before, const LoadSample& after) {
  for (const auto* sample : {&start, &before, &after}) {
    if (!sample->stat.ticks) return sample->stat.why_not;
  }
  if (stands_still(start, after) || stands_still(before, after)) return text(kStat, " stands still");
  return {};
}

std::int64_t tick_ns() {
  return 1'000'000'000 / ::sysconf(_SC_CLK_TCK);
}

Load::Others others_of(const LoadSample& before, const LoadSample& after, int usable_cpus) {
  const auto ns = [&](std::int64_t StatTicks::*counter) {
    return (after.stat.ticks.value().*counter - before.stat.ticks.value().*counter) * tick_ns();
  };
  Load::Others others;
  others.steal_ns = std::max<std::int64_t>(0, ns(&StatTicks::steal));
  others.own_ns = after.own_ns - before.own_ns;
  others.cpu_ns = ns(&StatTicks::busy) - others.own_ns;
  others.available_ns = std::chrono::duration<double, std::nano>(after.when - before.when).count() * usable_cpus;
  return others;
}

std::string change_of(const LoadSample& start, const LoadSample& after) {
  if (start.affinity.empty() || after.affinity.empty() || start.affinity == after.affinity) return {};
  return text("this run's CPUs were changed from ", cpu_list_of(start.affinity), " to ", cpu_list_of(after.affinity));
}

}  // namespace

StatReading read_stat(const std::string& contents, const std::vector<int>& cpus) {
  if (contents.empty()) return unbelievable("is empty");
  const auto lines = lines_of_cpus(contents);
  StatTicks total;
  for (const int cpu : cpus) {
    const auto line = lines.find(text("cpu", cpu));
    if (line == lines.end()) return unbelievable(text("has no line for CPU ", cpu));
    const auto& of = line->second;
    if (of.size() < kColumns) {
      return unbelievable(text("has ", of.size(), " columns of numbers for CPU ", cpu, ", not ", kColumns));
    }
    const auto all = std::accumulate(of.begin(), of.end(), std::int64_t{0});
    if (all == 0) return unbelievable(text("has only zeros for CPU ", cpu));
    total.busy += of[0] + of[1] + of[2] + of[5] + of[6];
    total.steal += of[7];
    total.all += all;
  }
  return {total, {}};
}

std::string Load::disturbance() const {
  if (!change.empty()) return change;
  if (!others || others->share() <= kMostShare) return {};
  if (static_cast<double>(others->steal_ns + others->cpu_ns) <= others->invented_ns()) return {};
  std::array<char, 64> words;
  std::snprintf(words.data(), words.size(), "others used %.1f %% of the CPUs", 100 * others->share());
  return words.data();
}

double Load::Others::share() const {
  return available_ns > 0 ? std::max(0.0, static_cast<double>(steal_ns + cpu_ns) / available_ns) : 0;
}

/// A tick counts as a whole for whoever runs when it comes: of N ticks, with a share q of the CPUs ours, as many as a
/// binomial distribution says are ours, and the rest is taken for others'.
double Load::Others::invented_ns() const {
  if (available_ns <= 0) return kLeastNs;
  const double tick = static_cast<double>(tick_ns());
  const double ours = std::clamp(static_cast<double>(own_ns) / available_ns, 0.0, 1.0);
  return std::max(kLeastNs, kDeviations * std::sqrt(available_ns * tick * ours * (1 - ours)));
}

Load& Load::operator+=(const Load& more) {
  if (change.empty()) change = more.change;
  if (why_unknown.empty()) why_unknown = more.why_unknown;
  if (!why_unknown.empty() || !more.others) {
    others.reset();
    return *this;
  }
  if (!others) others = Others{};
  others->steal_ns += more.others->steal_ns;
  others->cpu_ns += more.others->cpu_ns;
  others->own_ns += more.others->own_ns;
  others->available_ns += more.others->available_ns;
  return *this;
}

Load between(const LoadSample& start, const LoadSample& before, const LoadSample& after, int usable_cpus) {
  Load load;
  load.why_unknown = unknown_because(start, before, after);
  load.change = change_of(start, after);
  if (load.why_unknown.empty()) load.others = others_of(before, after, usable_cpus);
  return load;
}

LoadMeter::LoadMeter(UsableCpus cpus)
    : cpus_(std::move(cpus)), start_(sample_of(cpus_.cpus, Nanoseconds(0))), why_unknown_(start_.stat.why_not) {}

LoadSample LoadMeter::sample(Nanoseconds living) const {
  return sample_of(cpus_.cpus, living);
}

Load LoadMeter::since(const LoadSample& before, Nanoseconds living) {
  auto load = between(start_, before, sample(living), cpus_.count());
  if (why_unknown_.empty()) why_unknown_ = load.why_unknown;
  if (change_.empty()) change_ = load.change;
  return load;
}

}  // namespace mpmt::benchmarks
