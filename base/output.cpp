#include "base/output.hpp"

#include <poll.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <iostream>

#include "base/shown.hpp"

namespace mpmt {

void tell(std::string_view line) {
  std::cerr << "mpmt: " + shown(line) + '\n';  // in one piece, whoever else writes there
}

void print_line(std::string_view line) {
  std::cout << shown(line) + '\n';
}

PatientOutput::PatientOutput(Interrupt& interrupt)
    : interrupt_(interrupt),
      output_(STDOUT_FILENO, "standard output", [this] { return wait_for_reader(STDOUT_FILENO, output_lost_); }),
      errors_(
          STDERR_FILENO, "standard error", [this] { return wait_for_reader(STDERR_FILENO, errors_lost_); }, false),
      output_before_(std::cout.rdbuf(output_.rdbuf())),
      errors_before_(std::cerr.rdbuf(errors_.rdbuf())) {}

PatientOutput::~PatientOutput() {
  std::cout.flush();
  const auto state = std::cout.rdstate();  // which the next line forgets
  std::cout.rdbuf(output_before_);
  std::cout.clear(state);
  std::cerr.rdbuf(errors_before_);
  if (errors_lost_) std::cerr.setstate(std::ios::badbit);  // whoever has a last word would wait for ever
}

bool PatientOutput::wait_for_reader(int descriptor, bool& lost) {
  constexpr std::chrono::milliseconds kFarewell{400};
  constexpr int kLook_ms = 50;
  while (!lost) {
    pollfd output{descriptor, POLLOUT, 0};
    if (::poll(&output, 1, kLook_ms) == 1) return true;  // what is wrong with it is for write to say
    if (!asked_ && interrupt_.requested()) asked_ = Clock::now();
    lost = asked_ && Clock::now() - *asked_ >= kFarewell;
  }
  return false;
}

bool can_rewrite_lines() {
  const char* const terminal = std::getenv("TERM");
  const bool able = terminal != nullptr && *terminal != '\0' && std::string_view(terminal) != "dumb";
  return able && ::isatty(STDERR_FILENO) == 1;
}

}  // namespace mpmt
