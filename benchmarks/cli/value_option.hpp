// Options whose values we read ourselves.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace mpmt::benchmarks {

/// An option with one value, which `take` reads; what it throws as std::invalid_argument is said with the option's
/// name.
CLI::Option* add_value(CLI::App& command, const std::string& name, const std::string& help,
                       std::function<void(const std::string&)> take);

/// The items of a,b,c; one that is empty where the list is.
std::vector<std::string> split(const std::string& list);

}  // namespace mpmt::benchmarks
