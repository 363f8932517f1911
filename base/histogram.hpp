// A histogram of durations with a bounded relative error.
#pragma once

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

namespace mpmt {

/// Log-linear buckets, as in HdrHistogram (G. Tene): each power of two is cut into 64 equal buckets, values below 128
/// ns have buckets of their own. A bucket stands for its midpoint, so that a value read back is off by at most 1/128 =
/// 0.8 %. Values beyond 2^42 ns (73 minutes) count as that. Histograms merge by adding counts.
class Histogram {
 public:
  void record(std::uint64_t nanoseconds) {
    ++counts_[bucket_of(nanoseconds)];
    ++count_;
    if (nanoseconds > max_) max_ = nanoseconds;
  }

  void merge(const Histogram& other);
  void clear();

  std::uint64_t count() const { return count_; }
  /// Exact, not a bucket's midpoint; 0 when empty.
  std::uint64_t max() const { return max_; }

  /// The smallest bucket midpoint that at least ⌈quantile × count⌉ values do not exceed (nearest rank); never above
  /// max(); 0 when empty. `quantile` in (0, 1].
  std::uint64_t quantile(double quantile) const;

  /// Buckets in use: {lowest value, count}, ascending.
  std::vector<std::pair<std::uint64_t, std::uint64_t>> buckets() const;

  /// Adds `count` values to the bucket of `nanoseconds`: with buckets(), how a histogram is read back.
  void add(std::uint64_t nanoseconds, std::uint64_t count);
  /// Sets the exact maximum of a histogram that was read back; does nothing when `max` is not above the present one.
  void raise_max(std::uint64_t max) {
    if (max > max_) max_ = max;
  }

  static constexpr int kSubBits = 6;
  static constexpr int kMaxBits = 42;

  static constexpr std::size_t bucket_of(std::uint64_t value) {
    constexpr std::uint64_t top = (std::uint64_t{1} << kMaxBits) - 1;
    if (value > top) value = top;
    if (value < (1U << (kSubBits + 1))) return static_cast<std::size_t>(value);
    const int shift = 63 - __builtin_clzll(value) - kSubBits;
    return (static_cast<std::size_t>(shift) << kSubBits) + static_cast<std::size_t>(value >> shift);
  }
  /// The smallest value of a bucket.
  static constexpr std::uint64_t lowest_of(std::size_t bucket) {
    if (bucket < (1U << (kSubBits + 1))) return bucket;
    const int shift = static_cast<int>(bucket >> kSubBits) - 1;
    return ((std::uint64_t{1} << kSubBits) + (bucket & ((1U << kSubBits) - 1))) << shift;
  }
  static constexpr std::uint64_t width_of(std::size_t bucket) { return lowest_of(bucket + 1) - lowest_of(bucket); }

 private:
  static constexpr std::size_t kBuckets =
      (static_cast<std::size_t>(kMaxBits - kSubBits) << kSubBits) + (1U << kSubBits);
  std::array<std::uint64_t, kBuckets> counts_{};
  std::uint64_t count_ = 0;
  std::uint64_t max_ = 0;
};

}  // namespace mpmt
