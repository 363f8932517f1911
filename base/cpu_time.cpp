#include "base/cpu_time.hpp"

#include <time.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>

#include "base/text.hpp"

namespace mpmt {

std::optional<Nanoseconds> cpu_time_of(pid_t process) {
  clockid_t clock{};
  timespec used{};
  if (::clock_getcpuclockid(process, &clock) != 0 || ::clock_gettime(clock, &used) != 0) return std::nullopt;
  return std::chrono::seconds(used.tv_sec) + Nanoseconds(used.tv_nsec);
}

std::optional<Nanoseconds> waited_cpu_time_of(pid_t process) {
  std::ifstream stat(text("/proc/", process, "/stat"));
  std::string line;
  std::getline(stat, line);
  // Behind the name, which may hold anything: fields 3 to 17 of proc(5), of which the last two are asked for.
  const auto name_ends = line.rfind(')');
  if (name_ends == std::string::npos) return std::nullopt;
  std::istringstream fields(line.substr(name_ends + 1));
  std::string other;
  for (int field = 3; field <= 15; ++field) fields >> other;
  long user = 0;
  long system = 0;
  if (!(fields >> user >> system)) return std::nullopt;
  return std::chrono::nanoseconds(std::chrono::seconds(1)) * (user + system) / ::sysconf(_SC_CLK_TCK);
}

std::vector<pid_t> children_of(pid_t process) {
  std::ifstream list(text("/proc/", process, "/task/", process, "/children"));
  std::vector<pid_t> children;
  for (pid_t child = 0; list >> child;) children.push_back(child);
  return children;
}

}  // namespace mpmt
