// The spans of a batch that are kept: copies one after another, in memory that is used again.
//
// engine/span_batch.h has one; the shard copies them once more, into memory of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "betrace/model/kept_span.h"

namespace betrace::engine {

/// Movable; spans stay where they are when it moves.
class PackedSpans {
 public:
  /// Copies a span. Cost: no allocation where memory is left from before clear().
  void add(const model::SpanView& span);

  /// In the order in which they were added.
  [[nodiscard]] std::span<const model::PackedSpan> all() const noexcept { return spans_; }

  /// Forgets the spans, keeps the memory.
  void clear() noexcept;

  /// Memory held, bytes as allocated.
  [[nodiscard]] std::uint64_t byte_count() const noexcept;

 private:
  // Each chunk is twice as large as the one before: few spans take little, many few allocations.
  static constexpr std::size_t kFirstBytes = 4 * 1024;
  static constexpr std::size_t kChunkBytes = 64 * 1024;

  struct Chunk {
    std::unique_ptr<std::byte[]> memory;
    std::size_t size = 0;
  };

  // Makes the next chunk the current one; it has room for `bytes` at least.
  void advance(std::size_t bytes);
  [[nodiscard]] std::span<std::byte> room() const noexcept;

  std::vector<Chunk> chunks_;
  std::size_t current_ = 0;        // chunks before it are full
  std::size_t used_in_chunk_ = 0;  // of the current one
  std::vector<model::PackedSpan> spans_;
};

}  // namespace betrace::engine
