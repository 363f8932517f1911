// Two processes that use a link until one of them is killed: what each does, and what it tells of it.
#pragma once

#include <sched.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <new>
#include <string>

#include "base/shared_region.hpp"
#include "footprint.hpp"
#include "ipc/channel.hpp"
#include "script.hpp"

namespace mpmt::tests {

/// What the victim is in when it is killed. `in` and `out` are the victim's directions.
enum class Situation {
  idle,  ///< outside any call, after some messages
  asleep_in_receive,
  asleep_in_send,
  streaming_in,
  streaming_out,
  ping_pong,
  copying_in,  ///< large messages
  copying_out,
};

/// What the survivor does meanwhile, where the situation leaves it the choice.
enum class Survivor { receives, sends };

/// What the two processes tell the test, which kills one of them at any moment. Shared by all three.
struct Stage {
  std::atomic<std::uint64_t> sent{0};   ///< send calls of the victim that have returned
  std::atomic<std::uint64_t> calls{0};  ///< calls of the victim that have returned
  std::atomic<bool> settled{false};     ///< the victim will go to sleep for good, if it has not yet
  std::atomic<bool> killed{false};
  std::atomic<std::uint64_t> received{0};  ///< by the survivor
  std::atomic<std::int64_t> noticed_ns{0};
  char notice[300]{};  ///< what the survivor was told
};

class SharedStage {
 public:
  SharedStage() : region_(sizeof(Stage)), stage_(*new (region_.data()) Stage) {}
  Stage* operator->() { return &stage_; }
  Stage& operator*() { return stage_; }

 private:
  SharedRegion region_;
  Stage& stage_;
};

/// One side's calls, in the order of the script each way.
class Talk {
 public:
  Talk(ipc::WaitingEnd& end, const Script& script, std::chrono::seconds patience)
      : end_(end), script_(script), patience_(patience) {}

  void send() {
    if (!end_.send(script_.message(sent_), soon(patience_))) throw std::logic_error("no room, and no notice of death");
    ++sent_;
  }
  void receive() {
    const auto message = end_.receive(soon(patience_));
    if (!message) throw std::logic_error("no message, and no notice of death");
    script_.expect(received_, *message);
    ++received_;
  }
  std::uint64_t sent() const { return sent_; }
  std::uint64_t received() const { return received_; }

 private:
  ipc::WaitingEnd& end_;
  const Script& script_;
  const std::chrono::seconds patience_;
  std::uint64_t sent_ = 0;
  std::uint64_t received_ = 0;
};

/// Does what the situation says until it is killed. `greetings`: messages of the idle one.
class VictimsPart {
 public:
  VictimsPart(ipc::WaitingEnd& end, const Script& script, Stage& stage)
      : talk_(end, script, std::chrono::seconds(40)), stage_(stage) {}

  [[noreturn]] void play(Situation situation, bool serves, std::uint64_t greetings) {
    stage_.settled = situation == Situation::asleep_in_receive || situation == Situation::asleep_in_send;
    for (;;) {
      switch (situation) {
        case Situation::idle:
          while (talk_.sent() < greetings) send();
          stage_.settled = true;
          for (;;) ::pause();
        case Situation::asleep_in_receive:
        case Situation::streaming_in:
        case Situation::copying_in:
          receive();
          break;
        case Situation::asleep_in_send:
        case Situation::streaming_out:
        case Situation::copying_out:
          send();
          break;
        case Situation::ping_pong:
          if (serves) send();
          receive();
          if (!serves) send();
      }
    }
  }

 private:
  void send() {
    talk_.send();
    stage_.sent = talk_.sent();
    ++stage_.calls;
  }
  void receive() {
    talk_.receive();
    ++stage_.calls;
  }

  Talk talk_;
  Stage& stage_;
};

/// Uses the link until a call says that the other side has ended, and writes down what it says. Throws when a call
/// returns without success, with a wrong message, or fails otherwise.
class SurvivorsPart {
 public:
  static constexpr std::chrono::seconds kPatience{10};

  SurvivorsPart(ipc::WaitingEnd& end, const Script& script, Stage& stage)
      : talk_(end, script, kPatience), stage_(stage) {}

  void play(Situation situation, bool serves, Survivor does) {
    try {
      use(situation, serves, does);
    } catch (const ipc::PeerGone& failure) {
      stage_.noticed_ns = Clock::now().time_since_epoch().count();
      std::snprintf(stage_.notice, sizeof stage_.notice, "%s", failure.what());
    }
    stage_.received = talk_.received();
  }

 private:
  [[noreturn]] void use(Situation situation, bool serves, Survivor does) {
    const bool spoils_it = (situation == Situation::asleep_in_receive && does == Survivor::sends) ||
                           (situation == Situation::asleep_in_send && does == Survivor::receives);
    while (spoils_it && !stage_.killed) ::sched_yield();
    for (;;) {
      if (situation == Situation::ping_pong) {
        if (serves) talk_.send();
        talk_.receive();
        if (!serves) talk_.send();
      } else if (does == Survivor::sends) {
        talk_.send();
      } else {
        talk_.receive();
      }
    }
  }

  Talk talk_;
  Stage& stage_;
};

}  // namespace mpmt::tests
