// A copy of a span and of everything that it refers to, in one block of memory.
//
// The engine packs spans into memory that it uses again; a KeptSpan owns its block, as a witness of
// a violation does. Nothing here knows where the span came from.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "betrace/model/span_view.h"

namespace betrace::model {

/// A span in a block that somebody else owns, and that holds all of it.
struct PackedSpan {
  const SpanView* view = nullptr;  ///< Where the block begins; null if there is none.
  std::size_t byte_count = 0;      ///< Of the block; what `limits.trace_bytes` counts.
};

/// Copies everything that `span` refers to into `room`, which is aligned for a SpanView. If it does
/// not fit, `view` is null and `byte_count` says what it takes.
[[nodiscard]] PackedSpan pack(const SpanView& span, std::span<std::byte> room) noexcept;

/// An owned deep copy of a span. Movable; `view()` stays valid when it moves. Immutable.
class KeptSpan {
 public:
  /// Copies everything that `span` refers to. Cost: one allocation.
  [[nodiscard]] static KeptSpan copy(const SpanView& span);

  [[nodiscard]] const SpanView& view() const noexcept { return *packed_.view; }
  [[nodiscard]] const PackedSpan& packed() const noexcept { return packed_; }

 private:
  KeptSpan() = default;

  std::unique_ptr<std::byte[]> block_;
  PackedSpan packed_;
};

}  // namespace betrace::model
