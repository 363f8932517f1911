#include "workloads/echo_protocol.hpp"

namespace mpmt::workloads {

bool is_same(const Secret& a, const Secret& b) {
  volatile unsigned differing = 0;  // volatile: a compiler must not leave the loop early
  for (std::size_t i = 0; i < a.size(); ++i) differing = differing | std::to_integer<unsigned>(a[i] ^ b[i]);
  return differing == 0;
}

EchoMessage echo_of(const EchoMessage& request) {
  EchoMessage reply = request;
  for (std::uint64_t& word : reply.words) word = ~word;
  return reply;
}

}  // namespace mpmt::workloads
