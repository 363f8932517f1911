// What a process holds of the machine: to be the same before and after.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <ostream>
#include <set>
#include <string>
#include <thread>

#include "base/clock.hpp"
#include "base/sanitizers.hpp"
#include "base/text.hpp"

namespace mpmt::tests {

/// Far beyond what anything here takes: for tests that must fail rather than hang.
inline Deadline soon(std::chrono::milliseconds patience = std::chrono::seconds(20)) {
  return Clock::now() + patience;
}

/// Within which a death is told of on a machine that is busy with other tests: far below soon(), at which a wait ends
/// that nobody has told.
inline constexpr std::chrono::seconds kNoticeWhenLoaded{5};

/// Polls `condition` until it holds; false when it does not before the deadline.
template <class Condition>
bool comes_true(Condition&& condition, Deadline deadline = soon()) {
  while (!condition()) {
    if (Clock::now() >= deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

inline std::set<std::string> names_in(const std::filesystem::path& folder, const std::string& prefix = {}) {
  std::set<std::string> names;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    const auto name = entry.path().filename().string();
    if (name.rfind(prefix, 0) == 0) names.insert(name);
  }
  return names;
}

inline bool has_children() {
  siginfo_t info{};
  return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != -1 || errno != ECHILD;
}

inline std::set<std::string> own_threads() {
#ifdef MPMT_THREAD_SANITIZER
  // ThreadSanitizer has a thread of its own, from the first other one on: it is to be there before and after.
  [[maybe_unused]] static const bool once = (std::thread([] {}).join(), true);
#endif
  return names_in("/proc/self/task");
}

/// Descriptors, threads, children of the calling process, and the shared memory and message queues (if their file
/// system is mounted) that bear its process id.
struct Footprint {
  std::set<std::string> descriptors = names_in("/proc/self/fd");
  std::set<std::string> threads = own_threads();
  std::set<std::string> shared_memory = names_in("/dev/shm", text("mpmt-", ::getpid(), "-"));
  std::set<std::string> message_queues = names_in("/dev/mqueue", text("mpmt-", ::getpid(), "-"));
  bool children = has_children();

  bool operator==(const Footprint&) const = default;

  friend std::ostream& operator<<(std::ostream& out, const Footprint& held) {
    const auto list = [&](const char* what, const std::set<std::string>& names) {
      out << what << ':';
      for (const auto& name : names) out << ' ' << name;
    };
    list("descriptors", held.descriptors);
    list("; threads", held.threads);
    list("; shared memory", held.shared_memory);
    list("; message queues", held.message_queues);
    return out << (held.children ? "; with children" : "; no children");
  }
};

/// The footprint now, or once it is `wanted`: a joined thread is still listed for an instant.
inline Footprint footprint_after(const Footprint& wanted) {
  comes_true([&] { return Footprint() == wanted; }, soon(std::chrono::seconds(5)));
  return Footprint();
}

/// The state letter of a process (proc(5)): 'S' is asleep, 'Z' a zombie; 'X' when there is none.
inline char state_of(pid_t pid) {
  FILE* const file = std::fopen(text("/proc/", pid, "/stat").c_str(), "re");
  if (file == nullptr) return 'X';
  char state = 'X';
  if (std::fscanf(file, "%*d (%*[^)]) %c", &state) != 1) state = 'X';
  std::fclose(file);
  return state;
}

/// Whether the process runs: a zombie does not, whoever is to reap it.
inline bool is_alive(pid_t pid) {
  const char state = state_of(pid);
  return state != 'Z' && state != 'X';
}

}  // namespace mpmt::tests
