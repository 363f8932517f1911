#include "benchmarks/host/probes.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <new>

#include "base/allowance.hpp"
#include "base/checked.hpp"
#include "base/child_process.hpp"
#include "base/clock.hpp"
#include "base/cpu_relax.hpp"
#include "base/cpus.hpp"
#include "base/pipe.hpp"
#include "base/scheduling.hpp"
#include "base/shared_region.hpp"
#include "base/text.hpp"

namespace mpmt::benchmarks {
namespace {

using std::chrono::milliseconds;

/// From the opening of the gate to the common start: long enough to wake up in, and for so long a probe looks at the
/// clock.
constexpr milliseconds kHeadStart{2};

/// What a probe leaves behind for its parent.
struct Note {
  std::array<char, 256> trouble{};

  void write(std::string_view what) {
    const auto length = std::min(what.size(), trouble.size() - 1);
    std::memcpy(trouble.data(), what.data(), length);
  }
};

class Probes {
 public:
  using Body = std::function<void(std::size_t)>;

  Probes(std::string_view name, const std::vector<int>& cpus, const Body& body) : region_(cpus.size() * sizeof(Note)) {
    for (std::size_t i = 0; i < cpus.size(); ++i) new (&note(i)) Note;
    for (std::size_t i = 0; i < cpus.size(); ++i) {
      children_.push_back(std::make_unique<ChildProcess>(text(name, " ", i), [&, i] { live(i, cpus[i], body); }));
    }
  }

  ProbeEnd watch(milliseconds patience, Interrupt& interrupt) {
    std::vector<pollfd> watched{{interrupt.fd(), POLLIN, 0}, {ready_.read.get(), POLLIN, 0}};
    for (const auto& child : children_) watched.push_back({child->pidfd(), POLLIN, 0});
    std::size_t ready = 0;
    std::size_t ended = 0;
    Allowance allowance(patience);
    while (ended < children_.size()) {
      if (allowance.spent())
        return {false, text(children_.front()->name(), ": no end within ", patience.count(), " ms")};
      const bool news = allowance.poll(watched);
      if (interrupt.requested()) return {};
      if (!news) continue;
      if (watched[1].revents != 0 && (ready += take_ready()) == children_.size()) open_gate();
      for (std::size_t i = 0; i < children_.size(); ++i) {
        auto& pidfd = watched[2 + i];
        if (pidfd.revents == 0) continue;
        if (const auto trouble = trouble_of(i); !trouble.empty()) return {false, trouble};
        pidfd.fd = -1;  // poll passes it over
        ++ended;
      }
    }
    return {true, {}};
  }

 private:
  Note& note(std::size_t probe) const { return static_cast<Note*>(region_.data())[probe]; }

  /// In the child.
  void live(std::size_t probe, int cpu, const Body& body) {
    try {
      leave_real_time();
      pin_to(cpu);
      const char byte = 0;
      checked([&] { return ::write(ready_.write.get(), &byte, 1); }, "write", "the probe's pipe");
      Clock::rep start = 0;
      checked([&] { return ::read(gate_.read.get(), &start, sizeof start); }, "read", "the probe's gate");
      while (Clock::now().time_since_epoch().count() < start) cpu_relax();
      body(probe);
    } catch (const std::exception& failure) {
      note(probe).write(failure.what());
    }
  }

  std::size_t take_ready() const {
    std::array<char, 256> bytes;
    const auto count = ::read(ready_.read.get(), bytes.data(), bytes.size());
    return count > 0 ? static_cast<std::size_t>(count) : 0;
  }

  void open_gate() const {
    const std::vector<Clock::rep> starts(children_.size(), (Clock::now() + kHeadStart).time_since_epoch().count());
    const std::size_t bytes = starts.size() * sizeof starts.front();
    checked([&] { return ::write(gate_.write.get(), starts.data(), bytes); }, "write", "the probes' gate");
  }

  /// Of one that has ended; empty when all is well.
  std::string trouble_of(std::size_t probe) {
    const auto end = children_[probe]->try_reap();
    if (end && (end->killed || end->code != 0)) return text(children_[probe]->name(), " ", end->describe());
    return note(probe).trouble.data();
  }

  Pipe ready_;  ///< a byte from each probe that is pinned
  Pipe gate_;   ///< the start, once for each
  SharedRegion region_;
  std::vector<std::unique_ptr<ChildProcess>> children_;
};

}  // namespace

ProbeEnd run_probes(std::string_view name, const std::vector<int>& cpus, const std::function<void(std::size_t)>& body,
                    milliseconds patience, Interrupt& interrupt) {
  if (interrupt.requested()) return {};
  try {
    return Probes(name, cpus, body).watch(patience, interrupt);
  } catch (const std::system_error& failure) {
    return {false, failure.what()};
  }
}

}  // namespace mpmt::benchmarks
