#include "benchmarks/case/spelling.hpp"

#include <charconv>
#include <cmath>
#include <map>
#include <optional>
#include <stdexcept>

#include "base/shown.hpp"
#include "base/text.hpp"

namespace mpmt::benchmarks {
namespace {

/// A number and what follows it.
struct Quantity {
  double value = 0;
  std::string unit;
};

std::optional<Quantity> quantity_from(const std::string& item) {
  const bool digit = !item.empty() && (item.front() == '.' || (item.front() >= '0' && item.front() <= '9'));
  double value = 0;
  const auto [rest, error] = std::from_chars(item.data(), item.data() + item.size(), value);
  if (!digit || error != std::errc()) return std::nullopt;
  std::string unit(rest, item.data() + item.size());
  unit.erase(0, unit.find_first_not_of(' '));
  return Quantity{value, unit};
}

/// Nanoseconds in a unit of time; none: it is no unit.
std::optional<double> nanoseconds_in(const std::string& unit) {
  static const std::map<std::string, double> units{{"ns", 1},        {"nsec", 1},      {"us", 1e3}, {"usec", 1e3},
                                                   {"\u00b5s", 1e3}, {"\u03bcs", 1e3}, {"ms", 1e6}, {"msec", 1e6},
                                                   {"s", 1e9},       {"sec", 1e9}};
  const auto found = units.find(unit);
  return found == units.end() ? std::nullopt : std::optional(found->second);
}

std::optional<int> shift_of(const std::string& suffix) {
  static const std::map<std::string, int> shifts{{"", 0},     {"Ki", 10},  {"Mi", 20}, {"Gi", 30},
                                                 {"KiB", 10}, {"MiB", 20}, {"GiB", 30}};
  const auto found = shifts.find(suffix);
  return found == shifts.end() ? std::nullopt : std::optional(found->second);
}

/// Above 0, and in digits without an exponent.
std::optional<std::uint64_t> as_whole(double value) {
  if (!(value >= 1 && value < 9e15 && value == std::floor(value))) return std::nullopt;
  return static_cast<std::uint64_t>(value);
}

/// The power of 1000 or 1024 that k, M, KB, gb, … may stand for; none: it is nothing of the kind.
std::optional<int> power_of(const std::string& suffix) {
  const auto power = std::string("kmg").find(static_cast<char>(std::tolower(suffix.empty() ? ' ' : suffix[0])));
  const bool ends_well = suffix.size() == 1 || (suffix.size() == 2 && std::tolower(suffix[1]) == 'b');
  return ends_well && power != std::string::npos ? std::optional(static_cast<int>(power) + 1) : std::nullopt;
}

/// What a number was probably meant to say, spelt as it is understood; empty: no idea.
std::string better_spelling(const std::string& item) {
  const auto quantity = quantity_from(item);
  if (!quantity) return {};
  if (const auto shift = shift_of(quantity->unit)) {
    const auto meant = as_whole(std::ldexp(quantity->value, *shift));
    return meant ? text("write ", *meant) : "";
  }
  const auto power = power_of(quantity->unit);
  if (!power) return {};
  const auto binary = as_whole(std::ldexp(quantity->value, 10 * *power));
  const auto decimal = as_whole(quantity->value * std::pow(1000, *power));
  if (!binary || !decimal) return {};
  const auto whole = as_whole(quantity->value);
  const std::string with_suffix = whole ? text(*whole, std::string(" KMG")[static_cast<std::size_t>(*power)], "i") : "";
  return text("write ", with_suffix.empty() ? text(*binary) : text(with_suffix, " (", *binary, ")"), " or ", *decimal);
}

/// None: the share has a part of a per cent.
std::optional<int> whole_percent(double share) {
  const double percent = std::round(100 * share);
  const bool whole = std::abs(100 * share - percent) < 1e-9 && std::abs(percent) < 1e9;
  return whole ? std::optional(static_cast<int>(percent)) : std::nullopt;
}

[[noreturn]] void refuse(const std::string& item, const std::string& what, const std::string& instead = {}) {
  throw std::invalid_argument(text("'", shown(item), "' is not ", what, instead.empty() ? "" : ": ", instead));
}

}  // namespace

std::uint64_t whole_number_from(const std::string& item, std::uint64_t least, std::uint64_t most) {
  std::uint64_t value = 0;
  const auto [rest, error] = std::from_chars(item.data(), item.data() + item.size(), value);
  const bool number = error == std::errc();
  const auto shift = number ? shift_of({rest, item.data() + item.size()}) : std::nullopt;
  if (shift && value <= (most >> *shift) && (value << *shift) >= least) return value << *shift;
  // Where it is spelt well, its size is at fault.
  refuse(item, text("a whole number from ", least, " to ", most), shift ? "" : better_spelling(item));
}

bool reads_as_time(const std::string& item) {
  const auto quantity = quantity_from(item);
  return quantity && nanoseconds_in(quantity->unit);
}

std::chrono::nanoseconds time_from(const std::string& item) {
  const auto quantity = quantity_from(item);
  const auto unit = quantity ? nanoseconds_in(quantity->unit) : std::nullopt;
  if (!unit) refuse(item, "a time: write a number and ns, us, ms or s, such as 50us");
  const double nanoseconds = quantity->value * *unit;
  if (!(nanoseconds >= 1 && nanoseconds <= 60e9)) refuse(item, "a time above 0 and up to 60s");
  return std::chrono::nanoseconds(std::llround(nanoseconds));
}

double seconds_from(const std::string& item, double least, double most) {
  if (const auto quantity = quantity_from(item)) {
    const auto unit = quantity->unit.empty() ? std::optional(1e9) : nanoseconds_in(quantity->unit);
    const double seconds = quantity->value * unit.value_or(0) / 1e9;
    if (unit && seconds >= least && seconds <= most) return seconds;
  }
  refuse(item, text("a number of seconds from ", least, " to ", static_cast<std::uint64_t>(most)));
}

double share_from(const std::string& item, double least, double most) {
  if (const auto quantity = quantity_from(item); quantity && (quantity->unit.empty() || quantity->unit == "%")) {
    const double share = quantity->unit.empty() ? quantity->value : quantity->value / 100;
    if (share >= least && share <= most) return share;
  }
  refuse(item, text("a share from ", 100 * least, " % to ", 100 * most, " %"));
}

int percent_from(const std::string& item, int least, int most) {
  if (const auto quantity = quantity_from(item); quantity && (quantity->unit.empty() || quantity->unit == "%")) {
    const auto percent = whole_percent(quantity->unit.empty() ? quantity->value : quantity->value / 100);
    if (percent && *percent >= least && *percent <= most) return *percent;
  }
  refuse(item, text("a share in whole per cents from ", least, " % to ", most, " %"));
}

int percent_of(double share, int least, int most) {
  const auto percent = whole_percent(share);
  if (percent && *percent >= least && *percent <= most) return *percent;
  throw std::invalid_argument(
      text(share, " is not a share in whole per cents from ", least / 100., " to ", most / 100.));
}

}  // namespace mpmt::benchmarks
