// A span that owns its memory: one block for everything that a SpanView refers to.
//
// The engine keeps these while a trace is open; a witness of a violation is one. Nothing here knows
// where the span came from.
#pragma once

#include <cstddef>
#include <memory>
#include <new>

#include "betrace/model/span_view.h"

namespace betrace::model {

/// An owned deep copy of a span. Movable; `view()` stays valid when it moves. Immutable.
class KeptSpan {
 public:
  /// Copies everything that `span` refers to. Cost: one allocation.
  [[nodiscard]] static KeptSpan copy(const SpanView& span);

  [[nodiscard]] const SpanView& view() const noexcept {
    return *std::launder(reinterpret_cast<const SpanView*>(block_.get()));
  }
  /// Memory held, in bytes as allocated; what `limits.trace_bytes` counts.
  [[nodiscard]] std::size_t byte_count() const noexcept { return byte_count_; }

 private:
  KeptSpan() = default;

  std::unique_ptr<std::byte[]> block_;  // begins with the view
  std::size_t byte_count_ = 0;
};

}  // namespace betrace::model
