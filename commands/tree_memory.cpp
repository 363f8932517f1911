#include "commands/tree_memory.hpp"

#include <linux/kcmp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "base/proc_files.hpp"
#include "base/proc_text.hpp"
#include "base/text.hpp"

namespace mpmt::commands {
namespace {

/// Of a file with "Key:   12 kB" lines; 0 when there is none.
std::uint64_t bytes_in(const std::string& path, const std::string& key) {
  const auto found = meminfo_bytes_of(contents_of(path));
  const auto value = found.find(key);
  return value == found.end() ? 0 : value->second;
}

struct Held {
  pid_t process;
  std::uint64_t largest_bytes;
};

bool share_memory(pid_t a, pid_t b) {
  return ::syscall(SYS_kcmp, a, b, KCMP_VM, 0, 0) == 0;
}

}  // namespace

void TreeMemory::look_at(const std::vector<pid_t>& processes) {
  std::vector<Held> seen;
  std::uint64_t sum = 0;
  for (const pid_t process : processes) {
    const Held held{process, bytes_in(text("/proc/", process, "/status"), "VmHWM")};
    const bool seen_before = std::any_of(seen.begin(), seen.end(), [&](const Held& other) {
      return other.largest_bytes == held.largest_bytes && share_memory(other.process, process);
    });
    if (seen_before) continue;
    seen.push_back(held);
    sum += held.largest_bytes;
  }
  most_.peak_bytes = std::max(most_.peak_bytes, sum);
  // Afterwards, since it takes longer.
  std::uint64_t pss = 0;
  for (const auto& held : seen) pss += bytes_in(text("/proc/", held.process, "/smaps_rollup"), "Pss");
  most_.pss_bytes = std::max(most_.pss_bytes, pss);
}

void TreeMemory::at_least(std::uint64_t bytes) {
  most_.peak_bytes = std::max(most_.peak_bytes, bytes);
}

std::optional<executors::Memory> TreeMemory::most() const {
  if (most_.peak_bytes == 0) return std::nullopt;
  return most_;
}

}  // namespace mpmt::commands
