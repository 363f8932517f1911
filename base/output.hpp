// Everything that a person, a terminal or a CI gets to read goes out here.
#pragma once

#include <iosfwd>
#include <optional>
#include <string_view>

#include "base/clock.hpp"
#include "base/fd_stream.hpp"
#include "base/interrupt.hpp"

namespace mpmt {

/// "mpmt: " and a line, on standard error. What the line quotes (names, paths, options, what other programs and files
/// say) is shown (base/shown.hpp): it may come as it is.
void tell(std::string_view line);

/// A line on standard output, shown as well. It begins with words of ours, never with what it quotes: a CI takes some
/// beginnings for commands.
void print_line(std::string_view line);

/// While it lives, std::cout and std::cerr do not wait for ever for a reader that takes nothing (a pager, a full pipe)
/// while signals are taken by `interrupt`, which outlives it: half a second after the first of them what is not taken
/// is dropped, and all that comes after it.
class PatientOutput {
 public:
  explicit PatientOutput(Interrupt& interrupt);
  ~PatientOutput();
  PatientOutput(const PatientOutput&) = delete;
  PatientOutput& operator=(const PatientOutput&) = delete;

  /// Standard output, whose failures throw (FdStream).
  std::ostream& stream() { return output_; }
  /// Whether something of standard output was dropped.
  bool gave_up() const { return output_lost_; }

 private:
  bool wait_for_reader(int descriptor, bool& lost);

  Interrupt& interrupt_;
  std::optional<Clock::time_point> asked_;
  bool output_lost_ = false;
  bool errors_lost_ = false;
  FdStream output_;
  FdStream errors_;
  std::streambuf* const output_before_;
  std::streambuf* const errors_before_;
};

/// Whether standard error is a terminal that can rewrite a line: one that is not "dumb".
bool can_rewrite_lines();

}  // namespace mpmt
