#include "benchmarks/load.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>

namespace mpmt::benchmarks {
namespace {

std::int64_t cpu_ns(int who) {
  rusage used{};
  ::getrusage(who, &used);
  const auto total = [](const timeval& time) {
    return time.tv_sec * std::int64_t{1'000'000'000} + time.tv_usec * 1000;
  };
  return total(used.ru_utime) + total(used.ru_stime);
}

}  // namespace

std::optional<StatTicks> ticks_of_stat(const std::string& line, std::string_view label) {
  std::istringstream in(line);
  std::string name;
  std::int64_t user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0;
  if (!(in >> name >> user >> nice >> system >> idle >> iowait >> irq >> softirq >> steal) || name != label) {
    return std::nullopt;
  }
  return StatTicks{user + nice + system + irq + softirq, steal};
}

LoadSample sample_load(const std::vector<int>& cpus) {
  LoadSample sample{Clock::now(), 0, 0, cpu_ns(RUSAGE_SELF) + cpu_ns(RUSAGE_CHILDREN)};
  const std::int64_t tick_ns = 1'000'000'000 / ::sysconf(_SC_CLK_TCK);
  std::ifstream stat("/proc/stat");
  std::size_t next = 0;  // both lists ascend
  for (std::string line; next < cpus.size() && std::getline(stat, line) && line.rfind("cpu", 0) == 0;) {
    const auto ticks = ticks_of_stat(line, "cpu" + std::to_string(cpus[next]));
    if (!ticks) continue;
    sample.busy_ns += ticks->busy * tick_ns;
    sample.steal_ns += ticks->steal * tick_ns;
    ++next;
  }
  return sample;
}

Load between(const LoadSample& before, const LoadSample& after, int usable_cpus) {
  Load load;
  load.steal_ns = std::max<std::int64_t>(0, after.steal_ns - before.steal_ns);
  const auto own = after.own_ns - before.own_ns;
  load.foreign_cpu_ns = std::max<std::int64_t>(0, after.busy_ns - before.busy_ns - own);
  const double available = std::chrono::duration<double, std::nano>(after.when - before.when).count() * usable_cpus;
  if (available > 0) load.foreign_share = static_cast<double>(load.steal_ns + load.foreign_cpu_ns) / available;
  return load;
}

}  // namespace mpmt::benchmarks
