// The calendar that Boost's locks look at, without a lock.
//
// A lock that is given up after a time-out (ipc/boost_locks.hpp) works out its end by microsec_clock, and that goes
// through gmtime_r each time. The C library's takes a lock of the whole process there, to see whether the time zone has
// changed. Threads that use different queues would wait for each other, and processes would not: `empty` with two
// workers took threads 1.6 times as long for it. UTC has no zones, so this program's gmtime_r needs no lock.
#include <cerrno>
#include <chrono>
#include <ctime>
#include <optional>

namespace {

using namespace std::chrono;

/// A day with its time of day still missing; nothing for what the calendar of the standard library cannot count.
std::optional<std::tm> date_of(sys_days day) {
  if (day < sys_days{year::min() / January / 1} || day > sys_days{year::max() / December / 31}) return std::nullopt;
  const year_month_day date{day};
  std::tm result{};
  result.tm_mday = static_cast<int>(static_cast<unsigned>(date.day()));
  result.tm_mon = static_cast<int>(static_cast<unsigned>(date.month())) - 1;
  result.tm_year = static_cast<int>(date.year()) - 1900;
  result.tm_wday = static_cast<int>(weekday{day}.c_encoding());
  result.tm_yday = static_cast<int>((day - sys_days{date.year() / January / 1}).count());
  result.tm_zone = "GMT";
  return result;
}

}  // namespace

// NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): the C library's names are reserved ones
extern "C" std::tm* gmtime_r(const std::time_t* time, std::tm* result) {
  // Worked out once a day: it is more than what else a lock costs.
  thread_local sys_days known_day;
  thread_local std::optional<std::tm> known = date_of(known_day);
  const sys_seconds moment{seconds{*time}};
  const auto day = floor<days>(moment);
  if (day != known_day) {
    known = date_of(day);
    known_day = day;
  }
  if (!known) {
    errno = EOVERFLOW;
    return nullptr;
  }
  const auto of_day = static_cast<int>((moment - day).count());
  *result = *known;
  result->tm_hour = of_day / 3600;
  result->tm_min = of_day / 60 % 60;
  result->tm_sec = of_day % 60;
  return result;
}
