#include "base/process_tree.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <system_error>
#include <thread>

#include "base/checked.hpp"
#include "base/proc_files.hpp"
#include "base/text.hpp"

namespace mpmt {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kLastPatience{2};
constexpr std::chrono::milliseconds kLongestPause{5};

/// A process as /proc/PID/stat has it: "12 (sleep) S 11 ...", where the name may hold anything.
struct Seen {
  std::string name;
  char state = 'X';
  pid_t parent = 0;
};
Seen seen(pid_t process) {
  const auto line = contents_of(text("/proc/", process, "/stat"));
  const auto opens = line.find('(');
  const auto closes = line.rfind(')');
  if (opens == std::string::npos || closes == std::string::npos || closes + 4 >= line.size()) return {};
  const auto parent = static_cast<pid_t>(std::strtol(line.c_str() + closes + 4, nullptr, 10));
  return {line.substr(opens + 1, closes - opens - 1), line[closes + 2], parent};
}

/// For kernels that do not list children (CONFIG_PROC_CHILDREN): asks all processes for their parents.
std::vector<pid_t> children_by_parent(pid_t process) {
  std::vector<pid_t> children;
  std::error_code failure;
  for (fs::directory_iterator entry("/proc", failure), end; !failure && entry != end; entry.increment(failure)) {
    const auto pid = static_cast<pid_t>(std::strtol(entry->path().filename().c_str(), nullptr, 10));
    if (pid > 0 && seen(pid).parent == process) children.push_back(pid);
  }
  return children;
}

bool kernel_lists_children() {
  static const bool lists = ::access("/proc/thread-self/children", R_OK) == 0;
  return lists;
}

/// The children of all threads of a process.
std::vector<pid_t> children_of_all(pid_t process) {
  if (!kernel_lists_children()) return children_by_parent(process);
  std::vector<pid_t> children;
  std::error_code failure;
  for (fs::directory_iterator thread(text("/proc/", process, "/task"), failure), end; !failure && thread != end;
       thread.increment(failure)) {
    std::ifstream list(thread->path() / "children");
    for (pid_t child = 0; list >> child;) children.push_back(child);
  }
  return children;
}

/// Appends all below what is in the list already.
void complete(std::vector<pid_t>& family) {
  for (std::size_t next = 0; next < family.size(); ++next) {
    for (const pid_t child : children_of_all(family[next])) {
      // One that moved while the list was made is met twice.
      if (std::find(family.begin(), family.end(), child) == family.end()) family.push_back(child);
    }
  }
}

Usage usage_of(const rusage& used) {
  const auto time = [](const timeval& part) {
    return Nanoseconds(std::chrono::seconds(part.tv_sec) + std::chrono::microseconds(part.tv_usec)).count();
  };
  return {time(used.ru_utime) + time(used.ru_stime), used.ru_nvcsw, used.ru_nivcsw, used.ru_minflt, used.ru_majflt};
}

}  // namespace

void adopt_orphans() {
  checked([] { return ::prctl(PR_SET_CHILD_SUBREAPER, 1); }, "prctl", "PR_SET_CHILD_SUBREAPER");
}

std::vector<pid_t> descendants_of(pid_t process) {
  auto family = children_of_all(process);
  complete(family);
  return family;
}

bool is_running(pid_t process) {
  const char state = seen(process).state;
  return state != 'Z' && state != 'X';
}

std::string name_of(pid_t process) {
  const auto name = seen(process).name;
  return text(name.empty() ? "a process" : name, " (pid ", process, ")");
}

std::vector<std::string> end_descendants(Deadline deadline) {
  return Offspring(std::set<pid_t>()).end(deadline);
}

Offspring::Offspring(std::set<pid_t> not_ours) : not_ours_(std::move(not_ours)) {}

Offspring::Offspring()
    : not_ours_([] {
        const auto now = children_of_all(::getpid());
        return std::set<pid_t>(now.begin(), now.end());
      }()) {}

Offspring::~Offspring() {
  end(Clock::now() + kLastPatience);
}

std::vector<pid_t> Offspring::children() const {
  auto children = children_of_all(::getpid());
  std::erase_if(children, [&](pid_t child) { return not_ours_.contains(child); });
  return children;
}

std::vector<pid_t> Offspring::running() const {
  auto family = children();
  complete(family);
  std::erase_if(family, [](pid_t process) { return !is_running(process); });
  return family;
}

std::optional<ChildEnd> Offspring::try_reap(pid_t child) {
  int status = 0;
  rusage used{};
  if (::wait4(child, &status, WNOHANG, &used) != child) return std::nullopt;
  used_ += usage_of(used);
  largest_bytes_ = std::max(largest_bytes_, static_cast<std::uint64_t>(used.ru_maxrss) * 1024);
  if (WIFSIGNALED(status)) return ChildEnd{true, WTERMSIG(status)};
  return ChildEnd{false, WEXITSTATUS(status)};
}

void Offspring::reap_others(pid_t but) {
  for (const pid_t child : children()) {
    if (child != but) try_reap(child);
  }
}

std::vector<std::string> Offspring::end(Deadline deadline) {
  std::map<pid_t, std::string> found;
  for (auto pause = std::chrono::microseconds(100);;
       pause = std::min<std::chrono::microseconds>(pause * 2, kLongestPause)) {
    for (const pid_t process : running()) {
      found.try_emplace(process, name_of(process));
      ::kill(process, SIGKILL);
    }
    reap_others(0);
    if (children().empty() || Clock::now() >= deadline) break;
    std::this_thread::sleep_for(pause);
  }
  std::vector<std::string> names;
  for (auto& [process, name] : found) names.push_back(std::move(name));
  return names;
}

}  // namespace mpmt
