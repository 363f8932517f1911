// Links with both of their sides alive, over the catalogue.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>
#include <ostream>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "base/child_process.hpp"
#include "footprint.hpp"
#include "in_child.hpp"
#include "ipc/channel.hpp"

namespace mpmt::tests {

/// A channel, and what its sides are to be.
struct ChannelUse {
  const ipc::Description* channel = nullptr;
  ipc::Sides sides = ipc::Sides::threads;

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

/// Messages that both sides know, of all sizes: number i is a head of i mod 65 bytes and a payload of a size drawn from
/// i. Their bytes stay where they are, as a by-reference channel wants it.
class Script {
 public:
  static constexpr std::size_t kMaxPayload = 5000;

  Script() : bytes_(kMaxPayload + kOffsets) {
    std::mt19937 random(7);
    for (auto& byte : bytes_) byte = static_cast<std::byte>(random());
  }

  ipc::Message message(std::size_t number) const {
    return {at(number * 31, number % (ipc::kMaxHeadBytes + 1)), at(number, payload_bytes(number))};
  }
  bool is(std::size_t number, const ipc::Message& received) const {
    const auto wanted = message(number);
    return std::ranges::equal(received.head, wanted.head) && std::ranges::equal(received.payload, wanted.payload);
  }
  /// Throws when it is another.
  void expect(std::size_t number, const ipc::Message& received) const {
    require(is(number, received), text("message ", number, " did not arrive whole, once and in its place: head of ",
                                       received.head.size(), " bytes, payload of ", received.payload.size()));
  }

 private:
  static constexpr std::size_t kOffsets = 1021;

  static std::size_t payload_bytes(std::size_t number) {
    static constexpr std::size_t sizes[]{0, 1, 7, 8, 64, 100, 512, 4095, 4096, kMaxPayload};
    return sizes[std::minstd_rand(static_cast<unsigned>(number) + 1)() % std::size(sizes)];
  }
  std::span<const std::byte> at(std::size_t offset, std::size_t count) const {
    return std::span(bytes_).subspan(offset % kOffsets, count);
  }

  std::vector<std::byte> bytes_;
};

/// A suite over channels.
class ChannelTest : public ::testing::TestWithParam<ChannelUse> {
 protected:
  const ipc::Description& channel() const { return *GetParam().channel; }
  ipc::Sides sides() const { return GetParam().sides; }
  std::unique_ptr<ipc::Link> connect(std::size_t capacity = 8, std::size_t max_payload = Script::kMaxPayload) const {
    return channel().connect({.sides = sides(), .capacity = capacity, .max_payload_bytes = max_payload});
  }
  /// Null, and said why, where this machine's limits do not allow such a link.
  std::unique_ptr<ipc::Link> connect_if_allowed(std::size_t capacity,
                                                std::size_t max_payload = Script::kMaxPayload) const {
    return unless_limited([&] { return connect(capacity, max_payload); });
  }
  template <class Connect>
  std::unique_ptr<ipc::Link> unless_limited(Connect&& make) const {
    try {
      return make();
    } catch (const ipc::LimitReached& limit) {
      const std::string what = limit.what();
      EXPECT_NE(what.find(channel().name), std::string::npos) << what;
      std::cout << "not on this machine: " << what << '\n';
      return nullptr;
    }
  }
  /// For send and receive.
  std::unique_ptr<ipc::Link> connect_waiting(std::size_t capacity, Wait wait = Wait::block,
                                             std::size_t max_payload = Script::kMaxPayload) const {
    return channel().connect({.sides = sides(),
                              .capacity = capacity,
                              .max_payload_bytes = max_payload,
                              .calls = ipc::Calls::waiting,
                              .wait = wait});
  }

  Script script_;
};

}  // namespace mpmt::tests
