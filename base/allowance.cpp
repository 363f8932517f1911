#include "base/allowance.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace mpmt {

Allowance::Allowance(Nanoseconds allowed, Now now) : now_(std::move(now)), last_(now_()), left_(allowed) {}

Nanoseconds Allowance::slice() const {
  return std::clamp<Nanoseconds>(left_, Nanoseconds(0), kSlice);
}

void Allowance::charge() {
  const auto now = now_();
  const auto gone = std::chrono::duration_cast<Nanoseconds>(now - last_);
  const auto charged = std::min<Nanoseconds>(gone, kSlice);
  if (gone - charged >= kNoticed) stood_still_ += gone - charged;
  left_ -= charged;
  last_ = now;
}

bool Allowance::poll(std::span<pollfd> watched) {
  const auto whole = std::chrono::ceil<std::chrono::milliseconds>(slice());
  const int found = ::poll(watched.data(), watched.size(), static_cast<int>(whole.count()));
  charge();
  return found > 0;
}

}  // namespace mpmt
