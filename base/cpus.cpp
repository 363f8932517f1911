#include "base/cpus.hpp"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "base/checked.hpp"
#include "base/text.hpp"

namespace mpmt {
namespace {

namespace fs = std::filesystem;

std::optional<std::string> first_line(const fs::path& file) {
  std::ifstream in(file);
  std::string line;
  if (!std::getline(in, line)) return std::nullopt;
  return line;
}

/// cgroup v1: quota and period are files of their own; a quota of -1 is none.
std::optional<double> quota_v1(const fs::path& group) {
  const auto quota = first_line(group / "cpu.cfs_quota_us");
  const auto period = first_line(group / "cpu.cfs_period_us");
  if (!quota || !period) return std::nullopt;
  return quota_of_cpu_max((*quota == "-1" ? "max" : *quota) + " " + *period);
}

std::optional<double> quota_of_group(const fs::path& group) {
  if (const auto line = first_line(group / "cpu.max")) return quota_of_cpu_max(*line);
  return quota_v1(group);
}

/// The smallest quota of a group and its ancestors up to `mount`.
void narrow_by_ancestors(const fs::path& mount, const std::string& group, std::optional<double>& smallest) {
  fs::path path = (mount / fs::path(group).relative_path()).lexically_normal();
  for (;; path = path.parent_path()) {
    if (const auto quota = quota_of_group(path); quota && (!smallest || *quota < *smallest)) smallest = quota;
    if (path == mount || !path.has_relative_path()) return;
  }
}

std::optional<double> quota() {
  std::optional<double> smallest;
  std::ifstream groups("/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {  // "0::/path" (v2) or "3:cpu,cpuacct:/path" (v1)
    const auto controllers = line.find(':');
    const auto path = line.find(':', controllers + 1);
    if (path == std::string::npos) continue;
    const std::string controller = line.substr(controllers + 1, path - controllers - 1);
    const std::string group = line.substr(path + 1);
    if (controller.empty()) narrow_by_ancestors("/sys/fs/cgroup", group, smallest);
    if (("," + controller + ",").find(",cpu,") != std::string::npos) {
      narrow_by_ancestors("/sys/fs/cgroup/cpu", group, smallest);
    }
  }
  return smallest;
}

}  // namespace

int UsableCpus::count() const {
  const int mask = static_cast<int>(cpus.size());
  return quota ? std::clamp(static_cast<int>(std::floor(*quota)), 1, mask) : mask;
}

std::vector<int> affinity_of(pid_t thread) {
  // Kernels with more than 1024 CPUs refuse a mask that is too small with EINVAL.
  for (int cpus = 1024; cpus <= 1 << 16; cpus *= 2) {
    cpu_set_t* mask = CPU_ALLOC(cpus);
    const std::size_t bytes = CPU_ALLOC_SIZE(cpus);
    std::vector<int> found;
    const bool read = ::sched_getaffinity(thread, bytes, mask) == 0;
    for (int cpu = 0; read && cpu < cpus; ++cpu) {
      if (CPU_ISSET_S(cpu, bytes, mask)) found.push_back(cpu);
    }
    CPU_FREE(mask);
    if (read) return found;
  }
  throw_system_error(errno, "sched_getaffinity", thread == 0 ? "this process" : text("thread ", thread));
}

UsableCpus usable_cpus() {
  return {affinity_of(0), quota()};
}

std::vector<std::vector<int>> cores_of(const std::vector<int>& cpus) {
  std::vector<std::vector<int>> cores;
  std::map<std::string, std::size_t> known;  // by the list of a core's CPUs
  for (const int cpu : cpus) {
    std::ifstream file(text("/sys/devices/system/cpu/cpu", cpu, "/topology/thread_siblings_list"));
    std::string siblings;
    if (!std::getline(file, siblings)) siblings = text("cpu ", cpu);
    const auto [place, is_new] = known.try_emplace(siblings, cores.size());
    if (is_new) cores.emplace_back();
    cores[place->second].push_back(cpu);
  }
  return cores;
}

void pin_to(int cpu) {
  cpu_set_t* mask = CPU_ALLOC(cpu + 1);
  const std::size_t bytes = CPU_ALLOC_SIZE(cpu + 1);
  CPU_ZERO_S(bytes, mask);
  CPU_SET_S(cpu, bytes, mask);
  const int result = ::sched_setaffinity(0, bytes, mask);
  const int reason = errno;
  CPU_FREE(mask);
  if (result != 0) throw CannotPin(reason, std::generic_category(), text("sched_setaffinity(CPU ", cpu, ")"));
}

std::optional<double> quota_of_cpu_max(const std::string& contents) {
  std::istringstream in(contents);
  double quota = 0;
  double period = 100'000;
  if (!(in >> quota) || quota <= 0) return std::nullopt;  // "max"
  if (in >> period && period <= 0) return std::nullopt;
  return quota / period;
}

}  // namespace mpmt
