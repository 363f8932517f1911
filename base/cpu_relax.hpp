// What a loop does that waits for another CPU.
#pragma once

namespace mpmt {

/// Tells the CPU that this is a spin loop: less power, and a sibling hardware thread gets its turn.
inline void cpu_relax() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

}  // namespace mpmt
