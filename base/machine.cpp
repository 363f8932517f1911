#include "base/machine.hpp"

#include <gnu/libc-version.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>

#include <algorithm>
#include <boost/uuid/name_generator_sha1.hpp>
#include <boost/uuid/uuid.hpp>
#include <boost/uuid/uuid_io.hpp>
#include <cstdint>
#include <functional>

#include "base/cpus.hpp"
#include "base/hypervisor.hpp"
#include "base/proc_files.hpp"
#include "base/proc_text.hpp"
#include "base/text.hpp"

namespace mpmt {

namespace {

const std::string kCpuFolder = "/sys/devices/system/cpu/";

std::string cpu_file(int cpu, const std::string& name) {
  return text(kCpuFolder, "cpu", cpu, "/", name);
}

/// What is read once and used for several facts.
struct Readings {
  utsname kernel{};
  CpuInfo cpu = cpu_info_of(contents_of("/proc/cpuinfo"));
  std::map<std::string, std::uint64_t> memory = meminfo_bytes_of(contents_of("/proc/meminfo"));
  UsableCpus usable = usable_cpus();
  HypervisorSigns hypervisor = hypervisor_signs();

  Readings() { ::uname(&kernel); }
};

/// The largest number of hardware threads that a core with a usable CPU has.
std::string threads_per_core(const Readings& read) {
  std::size_t most = 0;
  for (const int cpu : read.usable.cpus) {
    most = std::max(most, cpu_ids_of(line_of(cpu_file(cpu, "topology/thread_siblings_list"))).size());
  }
  if (most > 0) return std::to_string(most);
  return read.cpu.threads_per_core ? std::to_string(*read.cpu.threads_per_core) : std::string();
}

std::string memory_bytes(const Readings& read, const std::string& name) {
  const auto found = read.memory.find(name);
  return found == read.memory.end() ? std::string() : std::to_string(found->second);
}

std::string memory_gib(const Readings& read) {
  const auto total = read.memory.find("MemTotal");
  return total == read.memory.end() ? std::string() : std::to_string(rounded_gib(total->second));
}

Facts identity_facts(const Readings& read) {
  return {
      {"cpu_vendor", read.cpu.vendor},
      {"cpu_family", read.cpu.family},
      {"cpu_model", read.cpu.model},
      {"cpu_stepping", read.cpu.stepping},
      {"usable_cpus", std::to_string(read.usable.count())},
      {"threads_per_core", threads_per_core(read)},
      {"memory_gib", memory_gib(read)},
      {"hypervisor", hypervisor_of(read.hypervisor)},
      {"kernel", kernel_series_of(read.kernel.release)},
      {"os", os_of(contents_of("/etc/os-release"))},
      {"libc", text("glibc ", ::gnu_get_libc_version())},
  };
}

/// The governors of the usable CPUs; usually one.
std::string governors(const Readings& read) {
  std::vector<std::string> seen;
  for (const int cpu : read.usable.cpus) seen.push_back(line_of(cpu_file(cpu, "cpufreq/scaling_governor")));
  std::sort(seen.begin(), seen.end());
  seen.erase(std::unique(seen.begin(), seen.end()), seen.end());
  std::string joined;
  for (const auto& one : seen) joined.append(joined.empty() ? "" : "+").append(one);
  return joined;
}

Facts epoch_facts(const Readings& read) {
  return {
      {"microcode", read.cpu.microcode},
      {"kernel_release", one_line(read.kernel.release)},
      {"kernel_build", one_line(read.kernel.version)},
      {"governor", governors(read)},
      {"transparent_hugepages", chosen_of(line_of("/sys/kernel/mm/transparent_hugepage/enabled"))},
      {"mitigations", lines_in(kCpuFolder + "vulnerabilities")},
      {"kernel_parameters", kernel_parameters_of(contents_of("/proc/cmdline"))},
  };
}

/// "on" or "off", by whichever of the two switches the frequency driver has.
std::string turbo() {
  const auto no_turbo = line_of(kCpuFolder + "intel_pstate/no_turbo");
  if (!no_turbo.empty()) return no_turbo == "0" ? "on" : "off";
  const auto boost = line_of(kCpuFolder + "cpufreq/boost");
  if (!boost.empty()) return boost == "0" ? "off" : "on";
  return {};
}

/// "driver/governor": what decides how deep an idle CPU sleeps, and so what waking it costs.
std::string idle_policy() {
  const auto driver = line_of(kCpuFolder + "cpuidle/current_driver");
  const auto governor = line_of(kCpuFolder + "cpuidle/current_governor");
  return driver.empty() && governor.empty() ? std::string() : driver + "/" + governor;
}

struct FileSystemSize {
  std::string total_bytes;
  std::string free_bytes;
};

FileSystemSize size_of_file_system(const char* path) {
  struct statvfs found {};
  if (::statvfs(path, &found) != 0) return {};
  const std::uint64_t block = found.f_frsize;
  return {std::to_string(found.f_blocks * block), std::to_string(found.f_bavail * block)};
}

/// The three load averages, by the names that facts give them.
void append_load(Facts& facts) {
  auto rest = line_of("/proc/loadavg");
  for (const char* name : {"load_1min", "load_5min", "load_15min"}) {
    const auto end = std::min(rest.find(' '), rest.size());
    facts.emplace_back(name, rest.substr(0, end));
    rest.erase(0, std::min(end + 1, rest.size()));
  }
}

Facts state_facts(const Readings& read) {
  const auto shm = size_of_file_system("/dev/shm");
  Facts facts;
  append_load(facts);
  const Facts rest = {
      {"cpu_name", read.cpu.name},
      {"architecture", one_line(read.kernel.machine)},
      {"usable_cpu_list", cpu_list_of(read.usable.cpus)},
      {"cgroup_cpu_quota", read.usable.quota ? text(*read.usable.quota) : "none"},
      {"online_cpu_list", line_of(kCpuFolder + "online")},
      {"isolated_cpu_list", line_of(kCpuFolder + "isolated")},
      {"numa_node_list", line_of("/sys/devices/system/node/online")},
      {"smt", line_of(kCpuFolder + "smt/control")},
      {"turbo", turbo()},
      {"frequency_driver", line_of(cpu_file(read.usable.cpus.front(), "cpufreq/scaling_driver"))},
      {"idle_policy", idle_policy()},
      {"clocksource", line_of("/sys/devices/system/clocksource/clocksource0/current_clocksource")},
      {"virtualisation", one_line(read.hypervisor.dmi_vendor + " " + read.hypervisor.dmi_product)},
      {"hypervisor_signature", read.hypervisor.cpuid_signature},
      {"aslr", line_of("/proc/sys/kernel/randomize_va_space")},
      {"memory_total_bytes", memory_bytes(read, "MemTotal")},
      {"memory_available_bytes", memory_bytes(read, "MemAvailable")},
      {"swap_total_bytes", memory_bytes(read, "SwapTotal")},
      {"swap_free_bytes", memory_bytes(read, "SwapFree")},
      {"dev_shm_total_bytes", shm.total_bytes},
      {"dev_shm_free_bytes", shm.free_bytes},
      {"hugepages_shared_memory", chosen_of(line_of("/sys/kernel/mm/transparent_hugepage/shmem_enabled"))},
      {"hugepages_defrag", chosen_of(line_of("/sys/kernel/mm/transparent_hugepage/defrag"))},
  };
  facts.insert(facts.end(), rest.begin(), rest.end());
  return facts;
}

}  // namespace

std::string machine_key(const Facts& identity) {
  std::string lines;
  for (const auto& [name, value] : identity) lines.append(name).append("=").append(value).append("\n");
  const auto mpmt = boost::uuids::name_generator_sha1(boost::uuids::ns::dns())("mpmt");
  auto digits = boost::uuids::to_string(boost::uuids::name_generator_sha1(mpmt)(lines));
  digits.erase(std::remove(digits.begin(), digits.end(), '-'), digits.end());
  return digits.substr(0, 12);
}

Machine describe_machine() {
  const Readings read;
  Machine machine;
  machine.identity = identity_facts(read);
  machine.epoch = epoch_facts(read);
  machine.state = state_facts(read);
  machine.key = machine_key(machine.identity);
  return machine;
}

}  // namespace mpmt
