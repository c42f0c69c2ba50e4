// An array in a block of a pool: what a trace keeps of its spans, without an allocation for each.
//
// Sixteen bytes by itself, because a state has several and there are a million states. Its owner
// passes the pool.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

#include "betrace/base/prefetch.h"
#include "betrace/traces/block_pool.h"

namespace betrace::traces {

/// Holds up to 2^32 - 1 values. Its owner must clear() it. Shard-owned.
template <typename T>
class PooledArray {
 public:
  PooledArray() = default;
  PooledArray(const PooledArray&) = delete;
  PooledArray& operator=(const PooledArray&) = delete;

  /// Cost: O(1) amortized.
  void push_back(T value, BlockPool& pool) {
    if (size_ == capacity_) grow(std::size_t{capacity_} + 1, pool);
    new (data_ + size_) T(std::move(value));
    ++size_;
  }

  /// Makes room for `count` values in all.
  void reserve(std::size_t count, BlockPool& pool) {
    if (count > capacity_) grow(count, pool);
  }

  /// Asks the processor for what the next push_back() writes, and reads if it has to move.
  void prefetch_push() const noexcept {
    constexpr std::uint32_t kFew = 4;  // that may be added between now and then
    if (capacity_ - size_ < kFew) {
      prefetch_to_write(data_, size_ * sizeof(T));
    } else {
      prefetch_to_write(data_ + size_);
    }
  }

  /// Destroys the values and gives the block back.
  void clear(BlockPool& pool) noexcept {
    if (data_ == nullptr) return;
    std::destroy_n(data_, size_);
    pool.give_back(data_, block_bytes());
    data_ = nullptr;
    size_ = capacity_ = 0;
  }

  [[nodiscard]] std::uint32_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] T* begin() noexcept { return data_; }
  [[nodiscard]] T* end() noexcept { return data_ + size_; }
  [[nodiscard]] const T* begin() const noexcept { return data_; }
  [[nodiscard]] const T* end() const noexcept { return data_ + size_; }
  [[nodiscard]] T& operator[](std::size_t at) noexcept { return data_[at]; }
  [[nodiscard]] const T& operator[](std::size_t at) const noexcept { return data_[at]; }
  [[nodiscard]] const T& back() const noexcept { return data_[size_ - 1]; }

 private:
  // The size for as many values as fit a block is the size of the block.
  [[nodiscard]] std::size_t block_bytes() const noexcept {
    return BlockPool::size_for(capacity_ * sizeof(T));
  }

  void grow(std::size_t count, BlockPool& pool) {
    const std::size_t bytes = BlockPool::size_for(count * sizeof(T));
    T* const data = static_cast<T*>(pool.take(bytes));
    std::uninitialized_move_n(data_, size_, data);
    const std::uint32_t size = size_;
    clear(pool);
    data_ = data;
    size_ = size;
    capacity_ = static_cast<std::uint32_t>(bytes / sizeof(T));
  }

  T* data_ = nullptr;
  std::uint32_t size_ = 0;
  std::uint32_t capacity_ = 0;
};

}  // namespace betrace::traces
