// What can be asked for: the values of each axis.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "benchmarks/case/case.hpp"
#include "benchmarks/case/spelling.hpp"

namespace mpmt::benchmarks {

/// A wrong option: what() is one line that names the option and what is allowed. Exit code 2.
struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// How long a task should take alone; `roughly`: at a grain of 1, 2 or 5 times a power of ten.
struct TimeWish {
  std::chrono::nanoseconds time{};
  bool roughly = false;
};

/// Size of a task: in the workload's unit, or as a time, to be calibrated.
using Grain = std::variant<std::uint64_t, TimeWish>;

/// Values that stand in for {name} in a command.
struct ParameterList {
  std::string name;
  std::vector<std::string> values;
};

/// Lists of values; an empty one says nothing of its axis. Of a user's wish, and of a profile's choice.
struct Axes {
  std::vector<std::string> workloads;
  std::vector<std::string> executors;
  std::vector<std::string> channels;
  std::vector<int> workers;
  std::vector<Grain> grains;
  std::vector<std::uint64_t> batches;  ///< 0 = split
  std::vector<std::size_t> payloads;
  std::vector<int> waitings;  ///< per cent
  std::vector<std::size_t> windows;
  std::vector<executors::Placement> placements;
  std::vector<executors::Wait> waits;
  std::vector<ipc::Sides> sides;
  std::vector<pairs::Pattern> patterns;
  std::vector<std::size_t> message_bytes;
  std::vector<FutexScope> futexes;
  std::vector<bool> touches;
  std::vector<double> rates;
  std::vector<std::string> floors;  ///< "none" alone: without
  std::vector<ParameterList> parameters;
};

/// An axis as an option of the command line.
struct Axis {
  std::string_view option;
  std::string_view help;
  std::function<void(Axes&)> clear;
  /// Adds a value that a user wrote. Throws std::invalid_argument that quotes it and says what is allowed.
  std::function<void(Axes&, const std::string& item)> add;
  std::function<bool(const Axes&)> given;
};

template <class Value>
Axis list_axis(std::string_view option, std::string_view help, std::vector<Value> Axes::*list,
               std::function<Value(const std::string&)> parse) {
  return {
      option, help, [list](Axes& axes) { (axes.*list).clear(); },
      [list, parse = std::move(parse)](Axes& axes, const std::string& item) { (axes.*list).push_back(parse(item)); },
      [list](const Axes& axes) { return !(axes.*list).empty(); }};
}

/// How an item of a list_axis() is read: a whole number in that range, or as it is.
template <class Integer>
std::function<Integer(const std::string&)> integer(Integer least, Integer most) {
  return [=](const std::string& item) { return static_cast<Integer>(whole_number_from(item, least, most)); };
}
inline std::string as_it_is(const std::string& item) {
  return item;
}

/// Those that every family has.
std::vector<Axis> common_axes();

/// In a list of names: everything in the catalogue that fits what else was asked for.
inline constexpr std::string_view kAll = "all";
inline bool asks_for_all(const std::vector<std::string>& names) {
  return std::find(names.begin(), names.end(), kAll) != names.end();
}
/// Whether names were given one by one: then what does not fit is refused, else it is left out.
inline bool asks_by_name(const std::vector<std::string>& names) {
  return !names.empty() && !asks_for_all(names);
}

/// What was asked for without repetitions, or what is chosen otherwise.
template <class Value>
std::vector<Value> chosen(const std::vector<Value>& asked, const std::vector<Value>& otherwise) {
  std::vector<Value> values;
  for (const auto& value : asked.empty() ? otherwise : asked) {
    if (std::find(values.begin(), values.end(), value) == values.end()) values.push_back(value);
  }
  return values;
}

}  // namespace mpmt::benchmarks
