// loopback_echo: sends a request of 64 bytes over TCP and waits for the reply, which the server gives after a delay.
// Stands for a call to a database or to another service: a system call each way, the network stack, and a wait. Server
// and worker share this machine's CPUs; the time on top of the delay is the price of the round trip.
//
// The server is a process of its own, started by the fixture, with whom it shares a secret. Each session has one
// connection, and shows the secret there when it is opened.
#include <sys/socket.h>

#include <cerrno>

#include "base/checked.hpp"
#include "base/text.hpp"
#include "workloads/echo_client.hpp"
#include "workloads/echo_server.hpp"
#include "workloads/kernel.hpp"
#include "workloads/mix.hpp"
#include "workloads/wait.hpp"

namespace mpmt::workloads {
namespace {

/// How much later than its delay a reply may come before the task has failed.
constexpr std::chrono::seconds kPatience{5};

EchoMessage request_of(std::uint64_t variant, std::chrono::microseconds delay) {
  EchoMessage request;
  request.delay_us = static_cast<std::uint64_t>(delay.count());
  for (std::size_t i = 0; i < request.words.size(); ++i) request.words[i] = mix(variant * request.words.size() + i + 1);
  return request;
}

std::uint64_t result_of(const EchoMessage& reply) {
  std::uint64_t result = 0;
  for (const std::uint64_t word : reply.words) result = mix(result + word);
  return result;
}

class EchoClient {
 public:
  EchoClient(const EchoServer& server, std::chrono::microseconds delay)
      : server_(text("echo server at 127.0.0.1:", server.port())),
        delay_(delay),
        socket_(enter(server.port(), server.secret())) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(delay) + kPatience;
    const timeval limit{seconds.count(), 0};
    for (const int option : {SO_RCVTIMEO, SO_SNDTIMEO}) {
      checked([&] { return ::setsockopt(socket_.get(), SOL_SOCKET, option, &limit, sizeof limit); }, "setsockopt",
              server_);
    }
  }

  std::uint64_t operator()(std::uint64_t variant, std::span<const std::byte>, std::span<std::byte>) {
    EchoMessage request = request_of(variant, delay_);
    request.number = ++sent_;
    send(request);
    const EchoMessage reply = receive();
    if (reply != echo_of(request)) throw std::runtime_error(server_ + " gave a wrong reply");
    return result_of(reply);
  }

 private:
  void send(const EchoMessage& request) {
    const auto sent =
        checked([&] { return ::send(socket_.get(), &request, sizeof request, MSG_NOSIGNAL); }, "send", server_);
    if (sent != sizeof request) throw std::runtime_error(server_ + " does not take requests any more");
  }

  EchoMessage receive() {
    EchoMessage reply;
    auto* bytes = reinterpret_cast<std::byte*>(&reply);
    for (std::size_t received = 0; received < sizeof reply;) {
      const auto count = ::recv(socket_.get(), bytes + received, sizeof reply - received, MSG_WAITALL);
      if (count > 0) received += static_cast<std::size_t>(count);
      if (count == 0) throw std::runtime_error(server_ + " has closed the connection");
      if (count < 0 && errno == EAGAIN) throw std::runtime_error(late());
      if (count < 0 && errno != EINTR) throw_system_error(errno, "recv", server_);
    }
    return reply;
  }

  std::string late() const { return text(server_, " has not replied ", kPatience.count(), " s after its delay"); }

  std::string server_;
  std::chrono::microseconds delay_;
  std::uint64_t sent_ = 0;
  Fd socket_;
};

class EchoFixture final : public Fixture {
 public:
  explicit EchoFixture(const Parameters& parameters) : delay_(wait_of(parameters)) {
    for (std::uint64_t variant = 0; variant < kVariants; ++variant) {
      results_[variant] = result_of(echo_of(request_of(variant, delay_)));
    }
  }

  std::unique_ptr<Session> open(int) override {
    return std::make_unique<KernelSession<EchoClient>>(std::in_place, std::as_const(server_), delay_);
  }
  std::uint64_t expected_sum(TaskRange tasks) const override { return weighed_sum(tasks, results_); }

 private:
  std::chrono::microseconds delay_;
  VariantResults results_{};
  EchoServer server_;
};

std::unique_ptr<Fixture> prepare(const Parameters& parameters) {
  return std::make_unique<EchoFixture>(parameters);
}

const Registration registered{
    {.name = "loopback_echo",
     .summary = "a TCP request to a server process that replies after a delay: a database call",
     .grain_unit = "one microsecond of delay at the server; the round trip comes on top",
     .kind = Kind::io,
     .question = "wait",
     .version = 1,
     .prepare = prepare}};

}  // namespace
}  // namespace mpmt::workloads
