// Links with both of their sides alive, over the catalogue.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <iostream>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <thread>
#include <vector>

#include "base/child_process.hpp"
#include "footprint.hpp"
#include "in_child.hpp"
#include "ipc/channel.hpp"
#include "script.hpp"

namespace mpmt::tests {

/// A channel, what its sides are to be, and how they wait.
struct ChannelUse {
  const ipc::Description* channel = nullptr;
  ipc::Sides sides = ipc::Sides::threads;
  Wait wait = Wait::block;
  std::optional<FutexScope> futex = std::nullopt;

  friend std::ostream& operator<<(std::ostream& out, const ChannelUse& use) { return out << use.channel->name; }
};

inline std::vector<ChannelUse> channels_between(ipc::Sides sides) {
  std::vector<ChannelUse> uses;
  for (const auto& channel : ipc::ChannelCatalog::instance().all()) {
    if (sides == ipc::Sides::threads ? channel.between_threads : channel.between_processes) {
      uses.push_back({&channel, sides});
    }
  }
  return uses;
}

inline std::string name_of(const ::testing::TestParamInfo<ChannelUse>& use) {
  return std::string(use.param.channel->name);
}

/// The same with every way to wait and, where a channel has futexes, every kind that these sides may use.
inline std::vector<ChannelUse> waiting_channels_between(ipc::Sides sides) {
  std::vector<ChannelUse> uses;
  for (ChannelUse use : channels_between(sides)) {
    for (const Wait wait : {Wait::block, Wait::yield, Wait::spin}) {
      use.wait = wait;
      use.futex.reset();
      if (use.channel->has_futex) use.futex = FutexScope::processes;
      uses.push_back(use);
      if (!use.channel->has_futex || sides == ipc::Sides::processes) continue;
      use.futex = FutexScope::one_process;
      uses.push_back(use);
    }
  }
  return uses;
}

/// "shm_ring_yield_private"
inline std::string full_name_of(const ::testing::TestParamInfo<ChannelUse>& use) {
  const auto wait = use.param.wait;
  std::string name = text(use.param.channel->name, wait == Wait::block   ? "_block"
                                                   : wait == Wait::yield ? "_yield"
                                                                         : "_spin");
  if (use.param.futex) name += *use.param.futex == FutexScope::processes ? "_shared" : "_private";
  return name;
}

/// The worker's side of a link, alive: a thread, or a forked process.
class OtherSide {
 public:
  using Body = std::function<void(ipc::End&)>;

  OtherSide(ipc::Link& link, ipc::Sides sides, const Body& body) {
    ipc::End& end = link.end(ipc::Side::worker);
    if (sides == ipc::Sides::processes) {
      process_.emplace("other side", [&] {
        link.keep(ipc::Side::worker);
        body(end);
      });
      link.keep(ipc::Side::submitter);
      return;
    }
    thread_ = std::thread([this, &end, body] {
      try {
        body(end);
      } catch (const std::exception& failure) {
        failure_ = failure.what();
      }
    });
  }
  ~OtherSide() {
    if (thread_.joinable()) thread_.join();
  }
  OtherSide(const OtherSide&) = delete;
  OtherSide& operator=(const OtherSide&) = delete;

  /// Waits for its end; empty when its body returned. A body bounds its own waits.
  std::string finish() {
    if (process_) {
      const auto end = process_->reap(soon(std::chrono::seconds(40)));
      if (!end) return "no end";
      return end->describe() == "exited with 0" ? "" : end->describe() + "; see standard error";
    }
    thread_.join();
    return failure_;
  }
  ChildProcess& process() { return *process_; }

 private:
  std::optional<ChildProcess> process_;
  std::thread thread_;
  std::string failure_;
};

/// A suite over channels.
class ChannelTest : public ::testing::TestWithParam<ChannelUse> {
 protected:
  const ipc::Description& channel() const { return *GetParam().channel; }
  ipc::Sides sides() const { return GetParam().sides; }
  std::unique_ptr<ipc::Link> connect(std::size_t capacity = 8, std::size_t max_payload = Script::kMaxPayload) const {
    return channel().connect({.sides = sides(), .capacity = capacity, .max_payload_bytes = max_payload});
  }
  /// For send and receive.
  std::unique_ptr<ipc::Link> connect_waiting(std::size_t capacity,
                                             std::size_t max_payload = Script::kMaxPayload) const {
    return channel().connect({.sides = sides(),
                              .capacity = capacity,
                              .max_payload_bytes = max_payload,
                              .calls = ipc::Calls::waiting,
                              .wait = GetParam().wait,
                              .futex = GetParam().futex});
  }

  /// A link, or null when this machine does not allow it: then `refusal_` says why, to be the reason of a skipped test.
  template <class Connect>
  std::unique_ptr<ipc::Link> if_allowed(Connect&& connect) {
    try {
      return connect();
    } catch (const ipc::LimitReached& refusal) {
      refusal_ = refusal.what();
      expect_a_limit_is_named(refusal_);
      return nullptr;
    }
  }
  /// Up to `wanted` bytes: as many as the channel and this machine allow for waiting links of 2 messages.
  std::size_t largest_payload(std::size_t wanted) const {
    for (auto bytes = std::min(channel().max_payload_bytes, wanted);; bytes /= 2) {
      try {
        connect_waiting(2, bytes);
        return bytes;
      } catch (const ipc::LimitReached&) {
        if (bytes < 1024) throw;
      }
    }
  }
  /// The channel, the limit, and its value.
  void expect_a_limit_is_named(const std::string& what) const {
    EXPECT_NE(what.find(channel().name), std::string::npos) << what;
    EXPECT_NE(what.find_first_of("0123456789"), std::string::npos) << what;
    const bool named = what.find("RLIMIT_") != std::string::npos || what.find("/proc/sys/") != std::string::npos ||
                       what.find("/dev/shm") != std::string::npos;
    EXPECT_TRUE(named) << what;
  }

  std::string refusal_;
  Script script_;
};

}  // namespace mpmt::tests
