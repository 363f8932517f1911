#include "commands/tree_usage.hpp"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <string>
#include <system_error>

#include "base/cpu_time.hpp"
#include "base/proc_files.hpp"
#include "base/text.hpp"

namespace mpmt::commands {
namespace {

/// What /proc/PID/stat tells: faults, and what those that were waited for have used.
Usage from_stat(pid_t process) {
  const auto line = contents_of(text("/proc/", process, "/stat"));
  const auto name_ends = line.rfind(')');
  if (name_ends == std::string::npos) return {};
  std::istringstream fields(line.substr(name_ends + 1));
  // Fields 3 to 17 of proc(5): state ppid pgrp session tty tpgid flags minflt cminflt majflt cmajflt utime stime
  // cutime cstime.
  std::string state;
  std::int64_t skipped = 0;
  std::int64_t minor = 0, minor_of_children = 0, major = 0, major_of_children = 0;
  std::int64_t user_ticks = 0, system_ticks = 0;
  fields >> state;
  for (int field = 4; field <= 9; ++field) fields >> skipped;
  fields >> minor >> minor_of_children >> major >> major_of_children >> skipped >> skipped >> user_ticks >>
      system_ticks;
  if (!fields) return {};
  const std::int64_t tick_ns = 1'000'000'000 / ::sysconf(_SC_CLK_TCK);
  return {(user_ticks + system_ticks) * tick_ns, 0, 0, minor + minor_of_children, major + major_of_children};
}

std::int64_t number_after(const std::string& status, const std::string& key) {
  const auto at = status.find("\n" + key + ":");
  if (at == std::string::npos) return 0;
  return std::strtoll(status.c_str() + at + key.size() + 2, nullptr, 10);
}

Usage switches_of(pid_t process) {
  Usage used;
  std::error_code failure;
  namespace fs = std::filesystem;
  for (fs::directory_iterator thread(text("/proc/", process, "/task"), failure), end; !failure && thread != end;
       thread.increment(failure)) {
    const auto status = contents_of((thread->path() / "status").string());
    used.voluntary_switches += number_after(status, "voluntary_ctxt_switches");
    used.involuntary_switches += number_after(status, "nonvoluntary_ctxt_switches");
  }
  return used;
}

}  // namespace

Usage usage_of(pid_t process) {
  Usage used = from_stat(process);
  used += switches_of(process);
  used.cpu_ns += cpu_time_of(process).value_or(Nanoseconds(0)).count();
  return used;
}

Usage usage_of(const std::vector<pid_t>& processes) {
  Usage used;
  for (const pid_t process : processes) used += usage_of(process);
  return used;
}

Usage used_between(const Usage& before, const Usage& after) {
  Usage used = after;
  used -= before;
  for (std::int64_t* part :
       {&used.cpu_ns, &used.voluntary_switches, &used.involuntary_switches, &used.minor_faults, &used.major_faults}) {
    *part = std::max<std::int64_t>(*part, 0);
  }
  return used;
}

}  // namespace mpmt::commands
