// Names of objects in shared memory and of message queues. They exist for an instant, while an object is made; here is
// also what becomes of them when their maker is killed in that instant.
//
// A name is drawn at random, so that nobody can take it beforehand, and containers that share /dev/shm do not meet. For
// as long as it may exist, its maker holds a lease: an object in /dev/shm with a name of its own, locked (flock(2)), in
// which that name is written. The kernel takes the lock back when the maker ends, however that comes about, and locks
// mean the same in every container, which process ids do not. So what lies under a lease that can be locked belongs to
// nobody any more, and nothing else is ever removed. The lease, too, is how a message queue is found where /dev/mqueue
// is not mounted and queues cannot be listed.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace mpmt::ipc {

/// "mpmt-<pid>-<128 random bits>". The process id is for whoever reads a listing; nothing depends on it.
std::string draw_name();

using DrawName = std::function<std::string()>;

/// So many names are drawn before somebody must be taking each as it is drawn.
inline constexpr int kNamesDrawn = 16;

/// What is made under a name.
struct NewObject {
  enum class Kind { memory, queue };
  Kind kind = Kind::memory;
  std::string description;  ///< for messages
  std::size_t bytes = 0;    ///< the room that it takes in /dev/shm: looked for first, and given back
};

/// Makes an object by `make`, which gets a name without a slash and makes the object under it, and only if there is
/// none yet. It returns false when there is one: then another name is drawn. When this returns or throws, the name is
/// gone. Any thread or process may call it at any time.
///
/// Throws std::system_error naming the object when /dev/shm has no room for it, or all names drawn are taken; and what
/// `make` throws. A queue is made without a lease where /dev/shm does not allow one.
void make_under_new_name(const NewObject& object, const std::function<bool(const std::string& name)>& make,
                         const DrawName& draw = draw_name);

/// Allocates every page of `memory`, a descriptor of an object in /dev/shm of `bytes`. Throws std::system_error naming
/// the object.
void allocate_pages(int memory, std::size_t bytes, std::string_view object);

/// Removes the names that this user's processes left when they were killed, in whichever container. Never one whose
/// maker still runs, or that belongs to another user. Never throws.
void remove_stale_names();

}  // namespace mpmt::ipc
