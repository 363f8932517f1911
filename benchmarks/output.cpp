#include "benchmarks/output.hpp"

#include <poll.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <nlohmann/json.hpp>

#include "base/shown.hpp"

namespace mpmt::benchmarks {

void tell(std::string_view line) {
  std::cerr << "mpmt: " << shown(line) << '\n';
}

void print_line(std::string_view line) {
  std::cout << shown(line) << '\n';
}

void print_json(const nlohmann::json& value) {
  std::cout << shown_json(value.dump(2, ' ', false, nlohmann::json::error_handler_t::replace)) << '\n';
}

PatientOutput::PatientOutput(Interrupt& interrupt)
    : interrupt_(interrupt),
      stream_(STDOUT_FILENO, "standard output", [this] { return wait_for_reader(); }),
      before_(std::cout.rdbuf(stream_.rdbuf())) {}

PatientOutput::~PatientOutput() {
  std::cout.flush();
  const auto state = std::cout.rdstate();  // which the next line forgets
  std::cout.rdbuf(before_);
  std::cout.clear(state);
}

bool PatientOutput::wait_for_reader() {
  constexpr std::chrono::milliseconds kFarewell{500};
  constexpr int kLook_ms = 50;
  while (!gave_up_) {
    pollfd output{STDOUT_FILENO, POLLOUT, 0};
    if (::poll(&output, 1, kLook_ms) == 1) return true;  // what is wrong with it is for write to say
    if (!asked_ && interrupt_.requested()) asked_ = Clock::now();
    gave_up_ = asked_ && Clock::now() - *asked_ >= kFarewell;
  }
  return false;
}

bool can_rewrite_lines() {
  const char* const terminal = std::getenv("TERM");
  const bool able = terminal != nullptr && *terminal != '\0' && std::string_view(terminal) != "dumb";
  return able && ::isatty(STDERR_FILENO) == 1;
}

}  // namespace mpmt::benchmarks
