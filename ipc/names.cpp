#include "ipc/names.hpp"

#include <fcntl.h>
#include <mqueue.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <functional>

#include "base/checked.hpp"
#include "base/fd.hpp"
#include "base/text.hpp"

namespace mpmt::ipc {
namespace {

constexpr std::string_view kPrefix = "mpmt-";

/// A queue has a name for some microseconds, one at a time: the first numbers are all that matter.
constexpr unsigned kNamesTried = 64;

std::string name_of(pid_t maker, unsigned number) {
  return text(kPrefix, maker, "-", number);
}

/// The maker's process id in a name; 0 when the name is not one of ours.
pid_t maker_of(std::string_view name) {
  pid_t maker = 0;
  if (name.substr(0, kPrefix.size()) != kPrefix) return 0;
  name.remove_prefix(kPrefix.size());
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), maker);
  const bool ours = error == std::errc() && end != name.data() + name.size() && *end == '-';
  return ours ? maker : 0;
}

void remove_names_in(const char* folder, int (*unlink)(const char*), const std::function<bool(pid_t)>& unwanted) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    const std::string name = entry.path().filename().string();
    if (const pid_t maker = maker_of(name); maker > 0 && unwanted(maker)) unlink(("/" + name).c_str());
  }
}

void remove_names_if(const std::function<bool(pid_t)>& unwanted) {
  remove_names_in("/dev/shm", ::shm_unlink, unwanted);
  remove_names_in("/dev/mqueue", ::mq_unlink, unwanted);  // shows something only where that is mounted
}

Fd open_memory(const std::string& name, int flags) {
  const auto path = "/" + name;
  return Fd(checked([&] { return ::shm_open(path.c_str(), flags | O_RDWR | O_CLOEXEC, 0600); }, "shm_open", name));
}

/// In pieces: a signal, such as a tick (ipc/ticks.hpp), makes the kernel give back what it has allocated so far.
void allocate_pages(const Fd& memory, std::size_t bytes, std::string_view object) {
  constexpr std::size_t piece = std::size_t{16} << 20;
  for (std::size_t at = 0; at < bytes; at += piece) {
    int reason = EINTR;
    while (reason == EINTR) {
      reason = ::posix_fallocate(memory.get(), static_cast<off_t>(at), static_cast<off_t>(std::min(piece, bytes - at)));
    }
    if (reason != 0) throw_system_error(reason, "posix_fallocate", text(object, ": ", bytes, " bytes in /dev/shm"));
  }
}

}  // namespace

MomentaryName::MomentaryName(std::string_view object, std::size_t bytes) : object_(object), name_(unique_name()) {
  const auto memory = open_memory(name_, O_CREAT | O_EXCL);
  ::shm_unlink(("/" + name_).c_str());
  allocate_pages(memory, bytes, object_);
}

MomentaryName::~MomentaryName() {
  ::shm_unlink(("/" + name_).c_str());
}

void MomentaryName::allocate() const {
  const auto memory = open_memory(name_, 0);
  struct stat status {};
  checked([&] { return ::fstat(memory.get(), &status); }, "fstat", name_);
  allocate_pages(memory, static_cast<std::size_t>(status.st_size), object_);
}

std::string unique_name() {
  static std::atomic<unsigned> number{0};
  return name_of(::getpid(), number++);
}

void remove_names_left_by(pid_t maker) {
  remove_names_if([&](pid_t other) { return other == maker; });
  // Message queues that cannot be listed: a trial makes few names.
  for (unsigned number = 0; number < kNamesTried; ++number) ::mq_unlink(("/" + name_of(maker, number)).c_str());
}

void remove_stale_names() {
  remove_names_if([](pid_t maker) { return ::kill(maker, 0) == -1 && errno == ESRCH; });
}

}  // namespace mpmt::ipc
