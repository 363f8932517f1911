#include "fiber.hpp"

#include <cerrno>
#include <cstdint>
#include <system_error>

#include "base/sanitizers.hpp"

#ifdef MPMT_ADDRESS_SANITIZER
#include <sanitizer/common_interface_defs.h>
#endif

namespace mpmt::tests {
namespace {

/// Enough for AddressSanitizer's frames.
constexpr std::size_t kStackBytes = std::size_t{256} << 10;

// AddressSanitizer must be told of every change of stacks, before and after it.
#ifdef MPMT_ADDRESS_SANITIZER
void leave(void** fake_stack, const void* to, std::size_t bytes) {
  ::__sanitizer_start_switch_fiber(fake_stack, to, bytes);
}
void arrive(void* fake_stack, const void** from, std::size_t* bytes) {
  ::__sanitizer_finish_switch_fiber(fake_stack, from, bytes);
}
#else
void leave(void**, const void*, std::size_t) {}
void arrive(void*, const void**, std::size_t*) {}
#endif

}  // namespace

Fiber::Fiber(std::function<void()> body)
    : body_(std::move(body)), stack_(std::make_unique_for_overwrite<std::byte[]>(kStackBytes)) {}

void Fiber::rewind() {
  if (::getcontext(&inside_) != 0) throw std::system_error(errno, std::generic_category(), "getcontext");
  inside_.uc_stack.ss_sp = stack_.get();
  inside_.uc_stack.ss_size = kStackBytes;
  inside_.uc_link = &outside_;
  ended_ = false;
  // makecontext hands over ints.
  const auto address = reinterpret_cast<std::uintptr_t>(this);
  ::makecontext(&inside_, reinterpret_cast<void (*)()>(&Fiber::run), 2, static_cast<unsigned>(address >> 32),
                static_cast<unsigned>(address));
}

void Fiber::resume() {
  void* fake_stack = nullptr;
  leave(&fake_stack, stack_.get(), kStackBytes);
  ::swapcontext(&outside_, &inside_);
  arrive(fake_stack, nullptr, nullptr);
}

void Fiber::suspend() {
  leave(&fake_stack_, outer_stack_, outer_stack_bytes_);
  ::swapcontext(&inside_, &outside_);
  arrive(fake_stack_, &outer_stack_, &outer_stack_bytes_);
}

void Fiber::run(unsigned high, unsigned low) {
  auto& fiber = *reinterpret_cast<Fiber*>(std::uintptr_t{high} << 32 | low);
  arrive(nullptr, &fiber.outer_stack_, &fiber.outer_stack_bytes_);
  fiber.body_();
  fiber.ended_ = true;
  leave(nullptr, fiber.outer_stack_, fiber.outer_stack_bytes_);
}

}  // namespace mpmt::tests
