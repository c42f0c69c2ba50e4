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
      memory_(std::calloc(1, byte_count() + kPageBytes)),
      is_page_used_(page_of(bucket_count_ - 1) + 1) {
  BETRACE_CHECK(memory_ != nullptr);
  void* first = memory_.get();
  std::size_t room = byte_count() + kPageBytes;
  buckets_ = static_cast<Bucket*>(std::align(kPageBytes, byte_count(), first, room));
}

// The bucket of an id is asked for now and written when others have been inserted after it: it lies
// anywhere in a large memory.
void EvictedFilter::insert(const model::TraceId& id) noexcept {
  Pending& place = pending_[inserted_++ % kPendingMax];
  write(place);
  place = place_of(id);
  prefetch_to_write(&buckets_[place.bucket]);
}

void EvictedFilter::write(const Pending& place) noexcept {
  if (place.fingerprint == 0) return;
  auto& slots = buckets_[place.bucket].fingerprints;
  const std::size_t page = page_of(place.bucket);
  if (!is_page_used_[page]) {
    is_page_used_[page] = true;
    slots.front() = place.fingerprint;
    return;
  }
  // One that is there already moves to the front instead of taking a second place.
  auto* slot = slots.end() - 1;
  if (has(slots, place.fingerprint))
    slot = std::find(slots.begin(), slots.end(), place.fingerprint);
  std::copy_backward(slots.begin(), slot, slot + 1);
  slots.front() = place.fingerprint;
}

bool EvictedFilter::contains(const model::TraceId& id) const noexcept {
  const Pending place = place_of(id);
  bool is_pending = false;
  for (const Pending& each : pending_) is_pending |= each == place;
  if (is_pending || !is_page_used_[page_of(place.bucket)]) return is_pending;
  return has(buckets_[place.bucket].fingerprints, place.fingerprint);
}

EvictedFilter::Pending EvictedFilter::place_of(const model::TraceId& id) const noexcept {
  const std::uint64_t hash = hash_(id);
  return {bucket_of(hash), fingerprint_of(hash)};
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
