#include "benchmarks/record/state_folder.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>
#include <stdexcept>
#include <system_error>

#include "base/checked.hpp"
#include "base/file_kind.hpp"
#include "base/shown.hpp"
#include "base/text.hpp"

namespace mpmt::benchmarks {
namespace {

namespace fs = std::filesystem;

/// Until it ends, what is made is for the owner alone, and for the owner wholly.
class PrivateUmask {
 public:
  PrivateUmask() : former_(::umask(S_IRWXG | S_IRWXO)) {}
  ~PrivateUmask() { ::umask(former_); }
  PrivateUmask(const PrivateUmask&) = delete;
  PrivateUmask& operator=(const PrivateUmask&) = delete;

 private:
  mode_t former_;
};

/// What is against a folder.
class Unfit : public std::runtime_error {
 public:
  Unfit(const fs::path& place, const std::string& why) : std::runtime_error(text(shown(place.string()), ": ", why)) {}
};

std::string reason(int errno_value) {
  return std::generic_category().message(errno_value);
}

struct stat status_of(const Fd& folder) {
  struct stat status {};
  checked([&] { return ::fstat(folder.get(), &status); }, "fstat");
  return status;
}

void expect_may_make_in(const Fd& parent, const fs::path& place) {
  const auto status = status_of(parent);
  const bool sticky = (status.st_mode & S_ISVTX) != 0 && status.st_uid == 0;
  if (status.st_uid == ::geteuid() || sticky) return;
  throw Unfit(place, text("cannot be made in a folder of uid ", status.st_uid));
}

/// Opened whether it was there or had to be made. Links on the way are followed, but not at its end.
Fd open_or_make(const fs::path& place) {
  Fd folder(checked([] { return ::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC); }, "open", "/"));
  fs::path way = "/";
  const auto relative = place.relative_path();
  for (auto part = relative.begin(); part != relative.end(); ++part) {
    way /= *part;
    const bool last = std::next(part) == relative.end();
    const auto flags = O_DIRECTORY | O_CLOEXEC | (last ? O_RDONLY | O_NOFOLLOW : O_PATH);
    Fd next(::openat(folder.get(), part->c_str(), flags));
    if (!next && errno == ENOENT) {
      expect_may_make_in(folder, place);
      if (::mkdirat(folder.get(), part->c_str(), S_IRWXU) != 0 && errno != EEXIST) throw Unfit(way, reason(errno));
      next = Fd(::openat(folder.get(), part->c_str(), flags | O_NOFOLLOW));
    }
    if (!next) {
      const int why = errno;
      struct stat found {};
      const bool known = ::fstatat(folder.get(), part->c_str(), &found, AT_SYMLINK_NOFOLLOW) == 0;
      throw Unfit(way,
                  known && !S_ISDIR(found.st_mode) ? "is " + kind_of(found.st_mode) + ", not a folder" : reason(why));
    }
    folder = std::move(next);
  }
  return folder;
}

void expect_private(const Fd& folder, const fs::path& place) {
  const auto status = status_of(folder);
  if (status.st_uid != ::geteuid()) {
    throw Unfit(place, text("belongs to uid ", status.st_uid, ", not to uid ", ::geteuid()));
  }
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0) throw Unfit(place, "can be written by others (chmod 700 mends it)");
  if (::faccessat(folder.get(), ".", W_OK | X_OK, AT_EACCESS) != 0) throw Unfit(place, reason(errno));
}

struct Found {
  Fd folder;
  fs::path place;
};

/// Looks for a folder, and keeps what is against those that it has passed over.
class Search {
 public:
  std::optional<Found> lasting() {
    const auto state = variable("XDG_STATE_HOME");
    const auto home = variable("HOME");
    const fs::path of_session = text("/run/user/", ::geteuid());
    if (auto found = below("$XDG_STATE_HOME", state, "mpmt", false)) return found;
    if (auto found = below("$HOME", home, ".local/state/mpmt", true)) return found;
    std::error_code failed;
    if (fs::is_directory(of_session, failed)) return below("", of_session, "mpmt", true);
    missing_.push_back(text("there is no ", of_session.string()));
    return std::nullopt;
  }

  std::optional<Found> fresh() {
    const auto temporary = variable("TMPDIR");
    for (const auto& [name, parent] : {std::pair<std::string, fs::path>{"$TMPDIR: ", temporary}, {"", "/tmp"}}) {
      if (parent.empty()) continue;
      std::string place = (fs::absolute(parent) / "mpmt-XXXXXX").string();
      if (::mkdtemp(place.data()) == nullptr) {
        unfit_.push_back(text(name, shown(parent.string()), ": ", reason(errno)));
        continue;
      }
      Fd folder(::open(place.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      if (!folder) {
        unfit_.push_back(text(shown(place), ": ", reason(errno)));
        continue;
      }
      try {
        expect_private(folder, place);  // its name may lead elsewhere by now
        return Found{std::move(folder), place};
      } catch (const std::runtime_error& against) {
        unfit_.emplace_back(against.what());
      }
    }
    return std::nullopt;
  }

  /// What does not serve though somebody may think that it does; with `all`, also what simply is not there.
  std::string reasons(bool all) const {
    std::string said;
    const auto add = [&](const std::string& why) { said += (said.empty() ? "" : "; ") + why; };
    if (all) std::for_each(missing_.begin(), missing_.end(), add);
    std::for_each(unfit_.begin(), unfit_.end(), add);
    return said;
  }

 private:
  static fs::path variable(const char* name) {
    const char* const value = ::getenv(name);
    return value == nullptr ? "" : value;
  }

  std::optional<Found> below(const std::string& name, const fs::path& root, const char* rest, bool must_exist) {
    if (root.empty()) {
      missing_.push_back(name + " is not set");
      return std::nullopt;
    }
    std::error_code failed;
    if (!root.is_absolute()) {
      unfit_.push_back(text(name, ": ", shown(root.string()), " is not an absolute path"));
    } else if (must_exist && !fs::is_directory(root, failed)) {
      unfit_.push_back(text(name, ": ", shown(root.string()), " is not a folder that can be reached"));
    } else {
      try {
        auto folder = open_or_make(root / rest);
        expect_private(folder, root / rest);
        return Found{std::move(folder), root / rest};
      } catch (const std::runtime_error& against) {
        unfit_.emplace_back(against.what());
      }
    }
    return std::nullopt;
  }

  std::vector<std::string> missing_;
  std::vector<std::string> unfit_;
};

}  // namespace

StateFolder::StateFolder() {
  const PrivateUmask for_owner_alone;
  Search search;
  auto found = search.lasting();
  lasts_ = found.has_value();
  made_ = !lasts_;
  if (made_) found = search.fresh();
  if (!found) {
    throw std::runtime_error(text("no folder for what a run keeps while it lasts: ", search.reasons(true)));
  }
  folder_ = std::move(found->folder);
  path_ = std::move(found->place);
  const auto reasons = search.reasons(!lasts_);
  if (reasons.empty()) return;
  remark_ = text("state folder: ", reasons, "; ", shown(path_.string()), " is used instead",
                 lasts_ ? "" : ", where no later run finds what this one leaves when it is killed");
}

StateFolder::StateFolder(const fs::path& given) : path_(fs::absolute(given)), lasts_(false) {
  folder_ = Fd(checked([&] { return ::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC); }, "open",
                       shown(path_.string())));
  expect_private(folder_, path_);
}

StateFolder::~StateFolder() {
  if (made_) ::rmdir(path_.c_str());  // if it is empty
}

Fd StateFolder::create(const std::string& name) const {
  constexpr auto kFlags = O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  const auto place = (path_ / name).string();
  const PrivateUmask for_owner_alone;
  return Fd(checked([&] { return ::openat(folder_.get(), name.c_str(), kFlags, S_IRUSR | S_IWUSR); }, "open", place));
}

Fd StateFolder::open(const std::string& name) const {
  constexpr auto kLook = O_PATH | O_NOFOLLOW | O_CLOEXEC;
  constexpr auto kFlags = O_RDWR | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  const auto place = (path_ / name).string();
  const auto expect_own = [&](const Fd& file) {
    const auto against = why_not_own_file(file.get());
    if (!against.empty()) throw std::runtime_error(text(shown(place), " ", against));
  };
  // Looked at before it is opened, since opening may do something to what is no file; and after that, since it may be
  // another by then.
  expect_own(Fd(checked([&] { return ::openat(folder_.get(), name.c_str(), kLook); }, "open", shown(place))));
  Fd file(checked([&] { return ::openat(folder_.get(), name.c_str(), kFlags); }, "open", shown(place)));
  expect_own(file);
  return file;
}

Fd StateFolder::open_or_create(const std::string& name) const {
  for (;;) {
    try {
      return open(name);
    } catch (const std::system_error& failure) {
      if (failure.code().value() != ENOENT) throw;
    }
    try {
      return create(name);
    } catch (const std::system_error& failure) {
      if (failure.code().value() != EEXIST) throw;  // made by another at this moment
    }
  }
}

void StateFolder::remove(const std::string& name) const noexcept {
  ::unlinkat(folder_.get(), name.c_str(), 0);
}

std::vector<std::string> StateFolder::names() const {
  const int again =
      checked([&] { return ::openat(folder_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); }, "open", path_.string());
  const std::unique_ptr<DIR, int (*)(DIR*)> listing(::fdopendir(again), ::closedir);
  if (!listing) {
    const Fd closed(again);
    throw_system_error(errno, "fdopendir", path_.string());
  }
  std::vector<std::string> found;
  while (const dirent* const entry = ::readdir(listing.get())) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") found.push_back(name);
  }
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace mpmt::benchmarks
