// payload_copy: reads every byte that travels with a task and returns as many, each complemented. Stands for work that
// is sent its data: compressing, encoding, filtering a message. What the channel's copies cost shows against it.
//
// It cannot be folded away: request and reply may overlap as far as the optimiser knows, so that each pass reads and
// writes all of them; and the sum over what was read depends on the order.
#include <cstring>

#include "workloads/kernel.hpp"

namespace mpmt::workloads {
namespace {

/// Fletcher's checksum (1982) over 64-bit words: sums, and sums of the sums, so that the place of a word counts.
class Fletcher {
 public:
  void add(std::uint64_t word) {
    first_ += word;
    second_ += first_;
  }
  std::uint64_t value() const { return first_ ^ (second_ << 1 | 1); }

 private:
  std::uint64_t first_ = 1;
  std::uint64_t second_ = 0;
};

class PayloadCopy {
 public:
  explicit PayloadCopy(const Parameters& parameters) : passes_(parameters.grain) {}

  std::uint64_t operator()(std::uint64_t variant, std::span<const std::byte> in, std::span<std::byte> out) const {
    Fletcher sum;
    sum.add(variant);
    for (std::uint64_t pass = 0; pass < passes_; ++pass) complement(in, out, sum);
    return sum.value();
  }

 private:
  static void complement(std::span<const std::byte> in, std::span<std::byte> out, Fletcher& sum) {
    std::size_t at = 0;
    for (; at + sizeof(std::uint64_t) <= in.size(); at += sizeof(std::uint64_t)) {
      std::uint64_t word = 0;
      std::memcpy(&word, in.data() + at, sizeof word);
      sum.add(word);
      word = ~word;
      std::memcpy(out.data() + at, &word, sizeof word);
    }
    for (; at < in.size(); ++at) {
      sum.add(std::to_integer<std::uint64_t>(in[at]));
      out[at] = ~in[at];
    }
  }

  std::uint64_t passes_;
};

class PayloadCopyFixture final : public KernelFixture<PayloadCopy> {
 public:
  using KernelFixture::KernelFixture;

  bool reply_is_right(TaskRange tasks, std::span<const std::byte> out) const override {
    std::vector<std::byte> right(parameters().payload_bytes);
    fill_request(right);
    for (std::byte& byte : right) byte = ~byte;
    if (out.size() != tasks.count * right.size()) return false;
    for (std::size_t at = 0; at < out.size(); at += right.size()) {
      if (std::memcmp(out.data() + at, right.data(), right.size()) != 0) return false;
    }
    return true;
  }
};

std::unique_ptr<Fixture> prepare(const Parameters& parameters) {
  return std::make_unique<PayloadCopyFixture>(parameters);
}

const Registration registered{{.name = "payload_copy",
                               .summary = "reads every byte it is sent and returns as many: data travels with the task",
                               .grain_unit = "one pass over the payload",
                               .kind = Kind::cpu,
                               .question = "copy",
                               .typical = true,
                               .version = 1,
                               .reads_payload = true,
                               .minimum_payload = 1,
                               .prepare = prepare}};

}  // namespace
}  // namespace mpmt::workloads
