// What a program said last on its standard error.
#pragma once

#include <string>
#include <string_view>

#include "base/fd.hpp"

namespace mpmt::commands {

/// Empties a pipe and keeps the last line that is not blank, however much comes.
class LastLine {
 public:
  static constexpr std::size_t kMaxBytes = 200;

  /// Makes the descriptor, a pipe's end to read from, non-blocking. Throws std::system_error.
  explicit LastLine(Fd from);

  /// To be polled; -1 once all writers have gone.
  int descriptor() const { return from_.get(); }
  /// Reads what is there, a mebibyte at most.
  void drain();
  /// Its first kMaxBytes, made fit to be shown (base/shown.hpp); empty when nothing was said.
  std::string text() const;
  /// ": <text>", or nothing: to end a message with.
  std::string after_colon() const;

 private:
  void take(std::string_view bytes);

  Fd from_;
  std::string last_;
  std::string line_;  ///< has no end yet
};

}  // namespace mpmt::commands
