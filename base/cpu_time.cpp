#include "base/cpu_time.hpp"

#include <time.h>

#include <fstream>

#include "base/text.hpp"

namespace mpmt {

std::optional<Nanoseconds> cpu_time_of(pid_t process) {
  clockid_t clock{};
  timespec used{};
  if (::clock_getcpuclockid(process, &clock) != 0 || ::clock_gettime(clock, &used) != 0) return std::nullopt;
  return std::chrono::seconds(used.tv_sec) + Nanoseconds(used.tv_nsec);
}

std::vector<pid_t> children_of(pid_t process) {
  std::ifstream list(text("/proc/", process, "/task/", process, "/children"));
  std::vector<pid_t> children;
  for (pid_t child = 0; list >> child;) children.push_back(child);
  return children;
}

}  // namespace mpmt
