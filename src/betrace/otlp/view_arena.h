// Memory for the arrays that a SpanView refers to: filled for one span, cleared for the next.
//
// Used inside this module only. It owns no text of the request: views point into its bytes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

namespace betrace::otlp {

/// Hands out memory until `clear()`, which keeps one block, so that a steady stream of spans
/// allocates nothing. Owned by one reader.
class ViewArena {
 public:
  /// Returns a copy of `items`.
  template <typename T>
  [[nodiscard]] std::span<const T> copy(std::span<const T> items) {
    static_assert(std::is_trivially_copyable_v<T> && alignof(T) <= kAlignment);
    if (items.empty()) return {};
    std::byte* to = take(items.size_bytes());
    std::memcpy(to, items.data(), items.size_bytes());
    return {reinterpret_cast<const T*>(to), items.size()};
  }

  /// Returns a copy of `text`, for text that does not lie in the request as it is.
  [[nodiscard]] std::string_view copy_text(std::string_view text);

  /// Bytes handed out since `clear()`.
  [[nodiscard]] std::size_t byte_count() const noexcept { return byte_count_; }

  /// Makes everything that was handed out invalid.
  void clear() noexcept {
    byte_count_ = 0;
    used_ = 0;
    if (!blocks_.empty() && blocks_.back().size > kBlockBytes) shrink();
  }

 private:
  static constexpr std::size_t kAlignment = alignof(std::max_align_t);
  static constexpr std::size_t kBlockBytes = 16'384;
  static constexpr std::size_t kKeptBytesMax = 1u << 20;

  struct Block {
    std::unique_ptr<std::byte[]> bytes;
    std::size_t size = 0;
  };

  void shrink() noexcept;
  std::byte* take(std::size_t size);

  std::vector<Block> blocks_;
  std::size_t used_ = 0;  // of the last block
  std::size_t byte_count_ = 0;
};

/// The items of nested lists that are not finished yet, so that each list can be copied to the
/// arena in one piece. Keeps its memory.
template <typename T>
class UnfinishedItems {
 public:
  [[nodiscard]] std::size_t mark() const noexcept { return count_; }
  [[gnu::always_inline]] void push(const T& item) {
    if (count_ == items_.size()) grow();
    items_.data()[count_++] = item;
  }
  /// Moves everything after `mark` to `arena`.
  [[nodiscard]] std::span<const T> finish(std::size_t mark, ViewArena& arena) {
    const std::span<const T> unfinished(items_.data() + mark, count_ - mark);
    count_ = mark;
    return arena.copy(unfinished);
  }
  void clear() noexcept { count_ = 0; }

 private:
  [[gnu::noinline]] void grow() { items_.resize(2 * count_ + 16); }

  std::vector<T> items_;
  std::size_t count_ = 0;  // of those that are in use
};

}  // namespace betrace::otlp
