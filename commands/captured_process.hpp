// One process from its start to its end, with what it said.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/child_process.hpp"
#include "base/clock.hpp"

namespace mpmt::commands {

/// What to start. Standard input is /dev/null; standard output and error are kept apart.
struct Launch {
  std::vector<std::string> command;      ///< the program, found as a shell finds it, and its arguments; not empty
  std::vector<std::string> environment;  ///< all of it: NAME=value
  std::vector<int> cpus;                 ///< where it may run; none: where the caller does
  int descriptor = -1;                   ///< one that it is to have, under the same number
};

/// The end of what a stream said; what came before is counted only.
class Tail {
 public:
  static constexpr std::size_t kKept = std::size_t{4} << 20;

  void add(std::string_view bytes);
  const std::string& text() const { return text_; }
  /// Whether something is missing at the beginning.
  bool cut() const { return cut_; }

 private:
  std::string text_;
  bool cut_ = false;
};

struct Captured {
  std::optional<ChildEnd> end;  ///< none: it was killed, at the deadline or because of what it said
  bool stopped = false;         ///< because of what it said
  Tail output;
  Tail error;
  Nanoseconds took{0};
  Usage used;  ///< with that of its children, as far as it has waited for them

  /// The last line that is not blank of standard error, or else of standard output; empty when there is none.
  std::string last_line() const;
};

/// Runs it to its end, or until the deadline, or until `enough` says so, which is asked whenever it has said something.
/// It leads a process group of its own, of which nothing is left afterwards; it dies with the calling thread. Throws
/// std::system_error naming the call when it cannot be started. No other child of the caller may be reaped meanwhile:
/// the usage would be that of both.
Captured capture(const Launch& launch, Deadline deadline, const std::function<bool(const Captured&)>& enough = {});

}  // namespace mpmt::commands
