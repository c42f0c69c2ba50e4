// Objects that are named by small indexes, which are used again, and never move.
//
// traces/trace_table.h keeps its traces in one. The lowest free index is taken first, so that a
// slab that was once large gives chunks back from its end.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <memory>
#include <vector>

namespace betrace::traces {

/// Shard-owned.
template <typename T>
class Slab {
 public:
  static constexpr std::uint32_t kChunk = 64;

  [[nodiscard]] T& operator[](std::uint32_t index) noexcept {
    return chunks_.data()[index / kChunk]->data()[index % kChunk];
  }
  [[nodiscard]] const T& operator[](std::uint32_t index) const noexcept {
    return chunks_.data()[index / kChunk]->data()[index % kChunk];
  }

  /// Takes the lowest free index. Its object is as it was given back, or new. Cost: O(1) but for
  /// growth by a chunk.
  [[nodiscard]] std::uint32_t take() {
    if (used_ == capacity()) grow();
    while (with_free_[lowest_] == 0) ++lowest_;
    const auto chunk =
        lowest_ * kChunk + static_cast<std::uint32_t>(std::countr_zero(with_free_[lowest_]));
    const auto place = static_cast<std::uint32_t>(std::countr_zero(free_[chunk]));
    free_[chunk] &= free_[chunk] - 1;
    if (free_[chunk] == 0) with_free_[lowest_] &= with_free_[lowest_] - 1;
    ++used_;
    return chunk * kChunk + place;
  }

  /// Requires: `index` is taken.
  void give_back(std::uint32_t index) noexcept {
    mark_free(index);
    --used_;
    while (free_.back() == ~0ULL && idle() > kIdleChunks * kChunk + used_ / 4) drop_last();
  }

  /// Every index ever taken and not given back is below. A multiple of kChunk.
  [[nodiscard]] std::uint32_t capacity() const noexcept {
    return static_cast<std::uint32_t>(chunks_.size()) * kChunk;
  }
  [[nodiscard]] std::uint32_t used() const noexcept { return used_; }
  /// Objects that are kept for later, beyond the two chunks that an empty slab may keep.
  [[nodiscard]] std::uint32_t spare() const noexcept {
    return std::max(idle(), kIdleChunks * kChunk) - kIdleChunks * kChunk;
  }

 private:
  static constexpr std::uint32_t kIdleChunks = 2;

  [[nodiscard]] std::uint32_t idle() const noexcept { return capacity() - used_; }

  void mark_free(std::uint32_t index) noexcept {
    const std::uint32_t chunk = index / kChunk;
    free_[chunk] |= 1ULL << (index % kChunk);
    with_free_[chunk / kChunk] |= 1ULL << (chunk % kChunk);
    lowest_ = std::min(lowest_, chunk / kChunk);
  }

  void grow() {
    const std::uint32_t first = capacity();
    chunks_.push_back(std::make_unique<std::array<T, kChunk>>());
    free_.push_back(0);
    if (chunks_.size() > with_free_.size() * kChunk) with_free_.push_back(0);
    for (std::uint32_t i = 0; i < kChunk; ++i) mark_free(first + i);
  }

  void drop_last() noexcept {
    const std::uint32_t chunk = static_cast<std::uint32_t>(chunks_.size()) - 1;
    with_free_[chunk / kChunk] &= ~(1ULL << (chunk % kChunk));
    if (chunk % kChunk == 0) with_free_.pop_back();
    chunks_.pop_back();
    free_.pop_back();
    lowest_ = std::min(lowest_, static_cast<std::uint32_t>(with_free_.size()));
  }

  std::vector<std::unique_ptr<std::array<T, kChunk>>> chunks_;
  std::vector<std::uint64_t> free_;       // by chunk: which of its objects are free
  std::vector<std::uint64_t> with_free_;  // by 64 chunks: which of them have free objects
  std::uint32_t lowest_ = 0;              // no word of with_free_ before it has a bit
  std::uint32_t used_ = 0;
};

}  // namespace betrace::traces
