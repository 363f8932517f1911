#include "benchmarks/host/idle.hpp"

#include <poll.h>

#include "base/clock.hpp"
#include "base/text.hpp"

namespace mpmt::benchmarks {
namespace {

/// Long enough for ticks of 10 ms to tell something, short beside what follows.
constexpr std::chrono::milliseconds kLook{250};

/// What others do in the next moment, in words; empty: nothing that counts, or it is unknown.
std::string others_meanwhile(LoadMeter& load, Interrupt& interrupt) {
  const auto before = load.sample();
  pollfd asked{interrupt.fd(), POLLIN, 0};
  ::poll(&asked, 1, static_cast<int>(kLook.count()));
  const auto seen = load.since(before);
  return seen.others ? seen.disturbance() : "";
}

}  // namespace

void wait_until_idle(LoadMeter& load, double most_s, Interrupt& interrupt,
                     const std::function<void(const std::string&)>& say) {
  if (most_s <= 0) return;
  const auto start = Clock::now();
  bool said = false;
  for (;;) {
    const auto others = others_meanwhile(load, interrupt);
    if (others.empty() || interrupt.requested()) return;
    if (seconds_since(start) >= most_s) {
      say(text("the machine is not idle: ", others, "; it is measured all the same"));
      return;
    }
    if (!said) say(text("waiting for the machine to become idle (", others, "), ", most_s, " s at most (--wait-idle)"));
    said = true;
  }
}

}  // namespace mpmt::benchmarks
