// A folder of this user's own, for what a later start has to find again.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/fd.hpp"

namespace mpmt::benchmarks {

/// The first of these that belongs to the caller (its effective user) and can be written by nobody else:
///
/// 1. $XDG_STATE_HOME/mpmt
/// 2. $HOME/.local/state/mpmt, if there is a $HOME
/// 3. /run/user/<uid>/mpmt, if there is a /run/user/<uid>
/// 4. a fresh one in $TMPDIR or /tmp, which no later start finds: removed when this object ends, if it is empty then.
///
/// What is missing is made, with mode 0700 whatever the umask is, but only in folders of the caller's or in sticky ones
/// of root's: a root that was given another user's HOME makes nothing there. What does not serve is passed over, and
/// said by remark().
///
/// The folder was checked by the descriptor through which it is used from then on; what happens to its name does not
/// matter. Lasting folders are never removed, since others may wait with theirs open. Not copied, not moved; made in a
/// process with one thread (the umask is another one's for a moment).
class StateFolder {
 public:
  /// Throws std::runtime_error which says what is wrong with each, when not even a fresh one can be made.
  StateFolder();
  /// A folder that whoever starts us has made for this, and removes: no later start looks there. Throws
  /// std::runtime_error unless it is there, the caller's own, and can be written by nobody else.
  explicit StateFolder(const std::filesystem::path& given);
  ~StateFolder();
  StateFolder(const StateFolder&) = delete;
  StateFolder& operator=(const StateFolder&) = delete;

  /// For messages; files in it are opened by the calls below.
  const std::filesystem::path& path() const { return path_; }
  /// Whether a later start finds what is in it.
  bool lasts() const { return lasts_; }
  /// One line for standard error, fit to be shown: which folders do not serve and why, and which is used instead. Empty
  /// when there is nothing to say.
  const std::string& remark() const { return remark_; }

  /// A new file of that name (without a slash), for reading and appending, mode 0600. Throws std::system_error, EEXIST
  /// when there is something of that name.
  Fd create(const std::string& name) const;
  /// What is there under that name, for reading and appending, if it is a file of the caller's own (why_not_own_file in
  /// base/file_kind.hpp): never through a link, and without waiting for anybody. Throws std::runtime_error which names
  /// the file and what is against it.
  Fd open(const std::string& name) const;
  /// The one or the other: for a file that several processes meet at.
  Fd open_or_create(const std::string& name) const;
  void remove(const std::string& name) const noexcept;
  /// Of all that is there, in order.
  std::vector<std::string> names() const;

 private:
  Fd folder_;
  std::filesystem::path path_;
  bool lasts_ = true;
  bool made_ = false;  ///< by us, for this run only
  std::string remark_;
};

}  // namespace mpmt::benchmarks
