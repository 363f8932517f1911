#include "base/histogram.hpp"

#include <algorithm>
#include <cmath>

namespace mpmt {

void Histogram::merge(const Histogram& other) {
  for (std::size_t bucket = 0; bucket < kBuckets; ++bucket) counts_[bucket] += other.counts_[bucket];
  count_ += other.count_;
  max_ = std::max(max_, other.max_);
}

void Histogram::clear() {
  *this = Histogram();
}

void Histogram::add(std::uint64_t nanoseconds, std::uint64_t count) {
  if (count == 0) return;
  counts_[bucket_of(nanoseconds)] += count;
  count_ += count;
  max_ = std::max(max_, nanoseconds);
}

std::uint64_t Histogram::quantile(double quantile) const {
  if (count_ == 0) return 0;
  const auto rank = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::ceil(quantile * double(count_))));
  std::uint64_t seen = 0;
  for (std::size_t bucket = 0; bucket < kBuckets; ++bucket) {
    seen += counts_[bucket];
    if (seen >= rank) return std::min(max_, lowest_of(bucket) + (width_of(bucket) - 1) / 2);
  }
  return max_;
}

std::vector<std::pair<std::uint64_t, std::uint64_t>> Histogram::buckets() const {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> used;
  for (std::size_t bucket = 0; bucket < kBuckets; ++bucket) {
    if (counts_[bucket] != 0) used.emplace_back(lowest_of(bucket), counts_[bucket]);
  }
  return used;
}

}  // namespace mpmt
