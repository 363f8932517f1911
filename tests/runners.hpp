// What tests of commands and of servers as executors share.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "base/checked.hpp"
#include "commands/runner.hpp"
#include "executors/linked_pool.hpp"
#include "footprint.hpp"
#include "scratch_dir.hpp"

namespace mpmt::commands {

inline sockaddr_in local(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

/// A socket that is bound to a port, or to any when it is 0; none when the port is taken.
inline Fd bound(std::uint16_t port) {
  Fd made(checked([] { return ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); }, "socket"));
  const int on = 1;
  ::setsockopt(made.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const auto address = local(port);
  if (::bind(made.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return Fd();
  return made;
}

inline std::uint16_t free_port() {
  const auto socket = bound(0);
  sockaddr_in address{};
  socklen_t size = sizeof address;
  ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

/// Each test's executors leave nothing.
class Runners : public ::testing::Test {
 protected:
  ~Runners() override { EXPECT_EQ(tests::footprint_after(before_), before_); }

  std::string in_dir(const std::string& name) const { return (dir_.path() / name).string(); }
  std::string contents(const std::string& name) const {
    std::ostringstream all;
    all << std::ifstream(in_dir(name)).rdbuf();
    return all.str();
  }
  /// A command that writes a line of what is going on.
  std::string noting(const std::string& word) const { return "echo " + word + " >> " + in_dir("notes"); }
  std::string notes() const { return contents("notes"); }

  template <class Config>
  static std::string start_failure(std::unique_ptr<executors::Executor> (*start)(const Config&, Deadline),
                                   const Config& config, Deadline deadline = tests::soon(),
                                   executors::Status wanted = executors::Status::error) {
    try {
      start(config, deadline);
    } catch (const executors::StartFailed& failure) {
      EXPECT_EQ(failure.status, wanted) << failure.what();
      return failure.what();
    }
    return "started";
  }

  /// A program that answers each connection in a process of its own, which uses some CPU time.
  std::string forking_server() const {
    std::ofstream(in_dir("server")) << R"(use IO::Socket::INET;
      my $port = shift;
      my $listening = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $port, Listen => 16, ReuseAddr => 1)
        or die "cannot listen\n";
      while (my $client = $listening->accept) {
        if (fork == 0) {
          while ((times)[0] + (times)[1] < 0.05) {}
          print $client "done\n";
          exit 0;
        }
        close $client;
        wait;
      }
    )";
    return "perl " + in_dir("server") + " " + std::to_string(port_);
  }
  std::string client() const {
    std::ofstream(in_dir("client")) << R"(use IO::Socket::INET;
      my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => shift) or die "cannot connect\n";
      exit(<$socket> eq "done\n" ? 0 : 1);
    )";
    return "perl " + in_dir("client") + " " + std::to_string(port_);
  }
  std::string port() const { return std::to_string(port_); }

  const std::uint16_t port_ = free_port();
  const tests::ScratchDir dir_;

 private:
  const tests::Footprint before_{};
};

}  // namespace mpmt::commands
