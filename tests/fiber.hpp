// Running a function in pieces, on a stack of its own, within one thread.
#pragma once

#include <ucontext.h>

#include <cstddef>
#include <functional>
#include <memory>

namespace mpmt::tests {

/// A body that runs when it is resumed and stops when it suspends itself. The body does not throw.
class Fiber {
 public:
  explicit Fiber(std::function<void()> body);
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  /// The next resume() runs the body from its beginning. Only when it has ended, or has never been resumed.
  void rewind();
  /// Runs the body until it suspends itself or ends. Not called in a fiber.
  void resume();
  /// Called by the body.
  void suspend();
  bool ended() const { return ended_; }

 private:
  static void run(unsigned high, unsigned low);

  const std::function<void()> body_;
  const std::unique_ptr<std::byte[]> stack_;
  ucontext_t inside_;
  ucontext_t outside_;
  bool ended_ = true;
  // AddressSanitizer's notion of the two stacks.
  void* fake_stack_ = nullptr;
  const void* outer_stack_ = nullptr;
  std::size_t outer_stack_bytes_ = 0;
};

}  // namespace mpmt::tests
