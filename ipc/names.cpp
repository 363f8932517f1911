#include "ipc/names.hpp"

#include <fcntl.h>
#include <mqueue.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <system_error>

#include "base/checked.hpp"
#include "base/fd.hpp"
#include "base/random_bytes.hpp"
#include "base/text.hpp"

namespace mpmt::ipc {
namespace {

constexpr std::string_view kFolder = "/dev/shm";
constexpr std::string_view kPrefix = "mpmt-";
/// What a lease's name ends in, and no other.
constexpr std::string_view kLease = ".lease";
constexpr std::size_t kLongestName = 100;

std::string slashed(const std::string& name) {
  return "/" + name;
}

/// Whether a name may be one of ours: all that is ever removed by what a lease says.
bool is_ours(std::string_view name) {
  constexpr std::string_view permitted = "abcdefghijklmnopqrstuvwxyz0123456789-.";
  return name.starts_with(kPrefix) && name.size() <= kLongestName && name.find_first_not_of(permitted) == name.npos;
}

void remove_name(NewObject::Kind kind, const std::string& name) {
  kind == NewObject::Kind::memory ? ::shm_unlink(slashed(name).c_str()) : ::mq_unlink(slashed(name).c_str());
}

/// Stands for a name that may exist until the lease is destroyed, which must be after the name is gone.
class Lease {
 public:
  /// Throws std::system_error naming `object` when /dev/shm cannot have it.
  Lease(const std::string& own_name, const std::string& promised, const NewObject& object)
      : own_name_(slashed(own_name)) {
    file_ = Fd(try_to_make());
    if (!file_ && errno != EEXIST)
      throw_system_error(errno, "shm_open", text(object.description, ": a name in ", kFolder));
    if (!file_) return;
    try {
      lock(object);
      if (held_) write(promised, object);
    } catch (...) {
      remove();
      throw;
    }
  }
  ~Lease() { remove(); }
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;

  /// False when its own name was taken.
  bool is_held() const { return held_; }

 private:
  int try_to_make() const {
    int made = -1;
    do {
      made = ::shm_open(own_name_.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
    } while (made < 0 && errno == EINTR);
    return made;
  }

  /// A run that removes stale names may come in between, and takes a lease that is not locked yet for a stale one.
  void lock(const NewObject& object) {
    checked([&] { return ::fchmod(file_.get(), 0600); }, "fchmod", object.description);  // whatever the umask
    if (::flock(file_.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK) throw_system_error(errno, "flock", text(object.description, ": a name in ", kFolder));
      return;
    }
    struct stat status {};
    checked([&] { return ::fstat(file_.get(), &status); }, "fstat", object.description);
    held_ = status.st_nlink > 0;
  }

  /// The object's room is looked for here, since this has a name that is looked after already.
  void write(const std::string& promised, const NewObject& object) {
    const auto size = static_cast<off_t>(promised.size());
    const auto written = ::pwrite(file_.get(), promised.data(), promised.size(), 0);
    if (written != size)
      throw_system_error(written < 0 ? errno : ENOSPC, "write", text(object.description, ": ", kFolder));
    if (object.bytes == 0) return;
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    allocate_pages(file_.get(), page + object.bytes, object.description);
    checked([&] { return ::ftruncate(file_.get(), size); }, "ftruncate", object.description);
  }

  void remove() {
    if (file_) ::shm_unlink(own_name_.c_str());
    file_.reset();
  }

  const std::string own_name_;
  Fd file_;
  bool held_ = false;
};

/// A name in the keeping of a lease. Gone at the end, unless it was never ours.
class Promised {
 public:
  Promised(NewObject::Kind kind, std::string name) : kind_(kind), name_(std::move(name)) {}
  ~Promised() {
    if (!taken_) remove_name(kind_, name_);
  }
  Promised(const Promised&) = delete;
  Promised& operator=(const Promised&) = delete;

  bool make(const std::function<bool(const std::string&)>& make) {
    taken_ = !make(name_);
    return !taken_;
  }

 private:
  const NewObject::Kind kind_;
  const std::string name_;
  bool taken_ = false;
};

/// Whether the object was made.
bool make_under(const std::string& lease_name, const std::string& name, const NewObject& object,
                const std::function<bool(const std::string&)>& make) {
  std::optional<Lease> lease;
  try {
    lease.emplace(lease_name, name, object);
  } catch (const std::system_error&) {
    if (object.kind == NewObject::Kind::memory) throw;
  }
  if (lease && !lease->is_held()) return false;
  return Promised(object.kind, name).make(make);
}

bool is_own_file(const struct stat& status) {
  return S_ISREG(status.st_mode) && status.st_uid == ::geteuid();
}

/// The lease of that name, if it is this user's; never waits, whatever lies there.
Fd open_own(const std::string& name) {
  const std::string path = text(kFolder, "/", name);
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0 || !is_own_file(status)) return Fd();
  Fd lease(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  return lease && ::fstat(lease.get(), &status) == 0 && is_own_file(status) ? std::move(lease) : Fd();
}

void remove_if_stale(const std::string& lease_name) {
  const Fd lease = open_own(lease_name);
  if (!lease || ::flock(lease.get(), LOCK_EX | LOCK_NB) != 0) return;
  std::array<char, kLongestName + 1> written{};
  const auto count = ::pread(lease.get(), written.data(), written.size(), 0);
  const std::string name(written.data(), static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
  if (is_ours(name) && !name.ends_with(kLease)) {
    if (open_own(name)) remove_name(NewObject::Kind::memory, name);
    remove_name(NewObject::Kind::queue, name);
  }
  ::shm_unlink(slashed(lease_name).c_str());
}

}  // namespace

std::string draw_name() {
  return text(kPrefix, ::getpid(), "-", random_digits());
}

/// In pieces: a signal, such as a tick (ipc/ticks.hpp), makes the kernel give back what it has allocated so far.
void allocate_pages(int memory, std::size_t bytes, std::string_view object) {
  constexpr std::size_t piece = std::size_t{16} << 20;
  for (std::size_t at = 0; at < bytes; at += piece) {
    int reason = EINTR;
    while (reason == EINTR) {
      reason = ::posix_fallocate(memory, static_cast<off_t>(at), static_cast<off_t>(std::min(piece, bytes - at)));
    }
    if (reason != 0) throw_system_error(reason, "posix_fallocate", text(object, ": ", bytes, " bytes in ", kFolder));
  }
}

void make_under_new_name(const NewObject& object, const std::function<bool(const std::string&)>& make,
                         const DrawName& draw) {
  for (int drawn = 0; drawn < kNamesDrawn; ++drawn) {
    const std::string lease_name = draw() + std::string(kLease);
    if (make_under(lease_name, draw(), object, make)) return;
  }
  throw_system_error(EEXIST, "a new name", text(object.description, ": ", kNamesDrawn, " names drawn at random"));
}

void remove_stale_names() {
  std::error_code failed;
  for (std::filesystem::directory_iterator entry(kFolder, failed), end; !failed && entry != end;
       entry.increment(failed)) {
    const std::string name = entry->path().filename().string();
    if (is_ours(name) && name.ends_with(kLease)) remove_if_stale(name);
  }
}

}  // namespace mpmt::ipc
