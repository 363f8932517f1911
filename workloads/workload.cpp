#include "workloads/workload.hpp"

#include "workloads/mix.hpp"

namespace mpmt::workloads {

void Fixture::fill_request(std::span<std::byte> payload) const {
  for (std::size_t i = 0; i < payload.size(); ++i) payload[i] = static_cast<std::byte>(mix(i + 1) & 0xff);
}

bool Fixture::reply_is_right(TaskRange, std::span<const std::byte>) const {
  return true;
}

}  // namespace mpmt::workloads
