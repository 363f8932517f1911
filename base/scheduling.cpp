#include "base/scheduling.hpp"

#include <sched.h>

#include "base/checked.hpp"
#include "base/text.hpp"

namespace mpmt {
namespace {

constexpr int kDeadline = 6;  // SCHED_DEADLINE, which glibc 2.36 does not name

std::string name_of_real_time(int policy) {
  switch (policy) {
    case SCHED_FIFO:
      return "SCHED_FIFO";
    case SCHED_RR:
      return "SCHED_RR";
    case kDeadline:
      return "SCHED_DEADLINE";
    default:
      return {};
  }
}

}  // namespace

std::string leave_real_time() {
  const int found = ::sched_getscheduler(0);
  if (found < 0) return {};  // not to be known here: what is refused in the first place was not set either
  const int kept = found & SCHED_RESET_ON_FORK;  // only root may take it back
  auto name = name_of_real_time(found & ~SCHED_RESET_ON_FORK);
  if (name.empty()) return {};
  const sched_param none{};
  if (::sched_setscheduler(0, SCHED_OTHER | kept, &none) != 0) {
    throw_system_error(errno, "sched_setscheduler",
                       text("SCHED_OTHER in place of ", name,
                            "; nothing is measured in a real-time class: start it "
                            "without chrt"));
  }
  return name;
}

}  // namespace mpmt
