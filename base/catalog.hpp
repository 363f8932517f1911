// A catalogue of the parts of one kind that this program was linked with: workloads, channels, executors.
#pragma once

#include <algorithm>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace mpmt {

/// The parts of one kind, by name. `Description` is a struct with a `std::string_view name` and whatever else
/// its folder wants to tell about a part, a factory function among it.
///
/// Filled by `Registered` objects before main() starts and constant from then on, hence safe to read from any thread
/// and after fork.
template <class Description>
class Catalog {
 public:
  static Catalog& instance() {
    static Catalog catalog;
    return catalog;
  }

  /// Throws std::logic_error when the name is taken.
  void add(const Description& part) {
    if (find(part.name) != nullptr) throw std::logic_error("registered twice: " + std::string(part.name));
    const auto after = [](std::string_view name, const Description& other) { return name < other.name; };
    parts_.insert(std::upper_bound(parts_.begin(), parts_.end(), part.name, after), part);
  }

  /// The part of that name; null when there is none. The pointer stays valid once main() has started.
  const Description* find(std::string_view name) const {
    const auto found = std::find_if(parts_.begin(), parts_.end(), [&](const auto& part) { return part.name == name; });
    return found == parts_.end() ? nullptr : &*found;
  }

  /// All parts, sorted by name.
  const std::vector<Description>& all() const { return parts_; }

  /// "a, b, c": for messages that say what is allowed.
  std::string names() const {
    std::string joined;
    for (const auto& part : parts_) joined.append(joined.empty() ? "" : ", ").append(part.name);
    return joined;
  }

 private:
  std::vector<Description> parts_;
};

/// The one line by which a part enters its catalogue, at namespace scope of the part's .cpp file.
template <class Description>
struct Registered {
  explicit Registered(const Description& part) { Catalog<Description>::instance().add(part); }
};

}  // namespace mpmt
