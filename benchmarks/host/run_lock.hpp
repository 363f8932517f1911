// One measuring run at a time.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>

#include "base/allowance.hpp"
#include "base/fd.hpp"
#include "base/interrupt.hpp"

namespace mpmt::benchmarks {

/// A lock on measuring, in two parts. Both go with their holder, however that ends.
///
/// - A file that only its user can open, locked: it settles who is next between runs of one user.
/// - A socket bound to a name in Linux's abstract namespace, which is that of a network (containers with their own do
///   not see each other): by it runs of all users on a machine see each other. Any process can bind that name, and keep
///   it: therefore another user's is waited for with growing pauses, and not for ever.
///
/// Used by one thread.
class RunLock {
 public:
  static constexpr std::chrono::minutes kForStrangers{10};

  struct Holder {
    enum class Kind {
      own,       ///< a run of this user: it ends
      stranger,  ///< a process of another user, waited for until the patience with such is at its end
      silent,    ///< nobody has answered: likewise
    };
    Kind kind = Kind::own;  ///< until something else is known
    /// "pid 12", "in another container", "pid 12 of uid 1000", "it does not say whose"; empty as long as the silence
    /// may be that of an instant.
    std::string who;
  };

  /// `own_file`: open for writing; none where there is no place for it, and the name has to do alone. `for_strangers`:
  /// how long to wait for those in all, time not counted during which we stood still.
  explicit RunLock(Fd own_file, std::chrono::milliseconds for_strangers = kForStrangers);
  RunLock(const RunLock&) = delete;
  RunLock& operator=(const RunLock&) = delete;

  /// Takes the lock if it is free, or if strangers have been waited for long enough: then without the name, and with a
  /// warning(). Throws std::system_error when it cannot be tried.
  bool try_take();

  /// After try_take() in vain: who it is. Asks anew; never blocks.
  Holder holder();

  /// After holder(): waits until it may have ended, the patience with strangers is at its end, or `interrupt`.
  void wait(Interrupt& interrupt);

  /// "waiting for it to end", with the limit that there is.
  std::string waiting() const;
  /// That others may have measured at the same time; empty when they cannot.
  const std::string& warning() const { return warning_; }

 private:
  bool take_file();
  bool take_name();
  bool is_charged() const { return holder_.kind != Holder::Kind::own; }
  void watch_connection(Interrupt& interrupt);
  void pause(Interrupt& interrupt);

  Fd file_;
  Fd name_;
  bool has_file_ = false;
  const std::chrono::milliseconds for_strangers_;
  Allowance patience_;  ///< with strangers
  Holder holder_;
  Fd connection_;  ///< to the holder of the name: ends with it
  int silences_ = 0;
  std::chrono::milliseconds pause_;
  std::string warning_;
};

}  // namespace mpmt::benchmarks
