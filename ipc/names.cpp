#include "ipc/names.hpp"

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <functional>

#include "base/text.hpp"

namespace mpmt::ipc {
namespace {

constexpr std::string_view kPrefix = "mpmt-";

/// The maker's process id in a name; 0 when the name is not one of ours.
pid_t maker_of(std::string_view name) {
  pid_t maker = 0;
  if (name.substr(0, kPrefix.size()) != kPrefix) return 0;
  name.remove_prefix(kPrefix.size());
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), maker);
  const bool ours = error == std::errc() && end != name.data() + name.size() && *end == '-';
  return ours ? maker : 0;
}

void remove_names_if(const std::function<bool(pid_t)>& unwanted) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/dev/shm", ignored)) {
    const std::string name = entry.path().filename().string();
    if (const pid_t maker = maker_of(name); maker > 0 && unwanted(maker)) ::shm_unlink(("/" + name).c_str());
  }
}

}  // namespace

std::string unique_name() {
  static std::atomic<unsigned> number{0};
  return text(kPrefix, ::getpid(), "-", number++);
}

void remove_names_left_by(pid_t maker) {
  remove_names_if([&](pid_t other) { return other == maker; });
}

void remove_stale_names() {
  remove_names_if([](pid_t maker) { return ::kill(maker, 0) == -1 && errno == ESRCH; });
}

}  // namespace mpmt::ipc
