#include "betrace/traces/evicted_filter.h"

#include <algorithm>

#include "betrace/base/check.h"

namespace betrace::traces {
namespace {

// Without a branch for each slot.
template <typename Slots>
bool has(const Slots& slots, std::uint32_t fingerprint) noexcept {
  bool found = false;
  for (const std::uint32_t slot : slots) found |= slot == fingerprint;
  return found;
}

}  // namespace

EvictedFilter::EvictedFilter(std::uint64_t bytes_max, const HashKey& key)
    : hash_(key),
      bucket_count_(std::max<std::uint64_t>(1, std::min(bytes_max, kBytesMax) / sizeof(Bucket))),
      memory_(std::calloc(bucket_count_ + 1, sizeof(Bucket))) {
  BETRACE_CHECK(memory_ != nullptr);
  void* first = memory_.get();
  std::size_t room = (bucket_count_ + 1) * sizeof(Bucket);
  buckets_ = static_cast<Bucket*>(std::align(alignof(Bucket), byte_count(), first, room));
}

void EvictedFilter::insert(const model::TraceId& id) noexcept {
  const std::uint64_t hash = hash_(id);
  auto& slots = buckets_[bucket_of(hash)].fingerprints;
  const std::uint32_t fingerprint = fingerprint_of(hash);
  // One that is there already moves to the front instead of taking a second place.
  auto* place = slots.end() - 1;
  if (has(slots, fingerprint)) place = std::find(slots.begin(), slots.end(), fingerprint);
  std::copy_backward(slots.begin(), place, place + 1);
  slots.front() = fingerprint;
}

bool EvictedFilter::contains(const model::TraceId& id) const noexcept {
  const std::uint64_t hash = hash_(id);
  return has(buckets_[bucket_of(hash)].fingerprints, fingerprint_of(hash));
}

std::size_t EvictedFilter::bucket_of(std::uint64_t hash) const noexcept {
  __extension__ using Wide = unsigned __int128;
  return static_cast<std::size_t>(static_cast<Wide>(hash) * bucket_count_ >> 64U);
}

std::uint32_t EvictedFilter::fingerprint_of(std::uint64_t hash) noexcept {
  // The low half: the high bits chose the bucket. Zero means an empty slot.
  const auto fingerprint = static_cast<std::uint32_t>(hash);
  return fingerprint == 0 ? 1 : fingerprint;
}

}  // namespace betrace::traces
