// What `span`, `anchor`, `event` and `link` stand for while a condition is evaluated.
#pragma once

#include <cstdint>

#include "betrace/model/span_view.h"

namespace betrace::rules {

/// A span, or none. `index` is its place in the linked trace; 0 where a span is judged alone.
struct BoundSpan {
  const model::SpanView* view = nullptr;
  std::uint32_t index = 0;

  [[nodiscard]] bool is_absent() const noexcept { return view == nullptr; }
};

/// Cheap to copy; a view of the spans under evaluation.
struct Bindings {
  BoundSpan span;
  BoundSpan anchor;
  const model::EventView* event = nullptr;
  const model::LinkView* link = nullptr;
};

}  // namespace betrace::rules
